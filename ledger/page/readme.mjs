// The text of README.txt in every bundle: docs/format.md, "Bundle layout".

export const README = `This file is a bundle of evidence from a ledger made with mlledger.

What it is for
  It lets you check, on your own machine and without a network, what was recorded
  about a prediction, an event, an answer or a report: which bytes were signed, by
  which key, at which place of one append-only history, and by when they were there.

How to check it
  Leave the file as it is; do not unpack and pack it again. You need two things from
  elsewhere, never from this file: the policy (which logs and witnesses you trust) and
  the ledger id. Ask the operator for both, and compare them with what others have.

      mlledger verify bundle FILE --policy POLICY --ledger ID

  Or open the one-page verifier (mlledger verify html --out FILE) in a browser and
  drop the bundle on it. The steps are written down in docs/format.md, so that anybody
  can write another verifier.

What the answer means
  0   valid
  5   verification failed: the evidence contradicts itself (alteration, corruption or
      defect; which of them is not decided)
  6   could not check: something is missing
  13  valid, but sealed in a time in which the signing key counts as compromised

What it does not say
  It does not show that a producer logged all it did. Without witnesses outside the
  operator's control it proves nothing against the operator. Claimed times are the
  producer's word; only sealed and attested times are held by others.

What lies in it
  bundle.json           what the bundle is about
  p0/ and so on         checkpoint, seal leaves and disclosed events of each log
  control/              the keys: who may sign, since when
  manifest/             how far all logs had come at one moment, with its time stamp
  schema/               how the disclosed events are read
  *.tlog-proof          proofs in the form of C2SP tlog-proof, for other tools
`;
