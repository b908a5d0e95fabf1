// The built-in schemas of the ledger.* family: docs/format.md, section 8. Each is the
// exact text whose SHA-256 is the schema id; the files of schemas/ledger hold the same.

import { hexOf, utf8 } from "./bytes.mjs";
import { sha256 } from "./crypto.mjs";

/** Schema text by type name; version 1 of each. */
export const BUILT_IN = {
  __proto__: null,
  "ledger.event.corrected":
    '{"name":"corrected_v1","namespace":"mlledger.ledger.event","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"original","type":{"name":"Ref","namespace":"mlledger","type":"record","fields":[{"name":"id","type":"mlledger.Id"},{"name":"digest","type":"string"}]}},{"name":"correction","type":["null","mlledger.Ref"],"default":null},{"name":"reason","type":"string"},{"name":"by","type":["null","string"],"default":null}]}',
  "ledger.gap.declared":
    '{"name":"declared_v1","namespace":"mlledger.ledger.gap","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"stream_id","type":["null","bytes"],"default":null},{"name":"cause","type":"string"},{"name":"first","type":["null","long"],"default":null},{"name":"last","type":["null","long"],"default":null},{"name":"count","type":["null","long"],"default":null},{"name":"declared_by","type":["null","string"],"default":null}]}',
  "ledger.key.authorized":
    '{"name":"authorized_v1","namespace":"mlledger.ledger.key","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"public_key","type":"bytes"},{"name":"identity","type":"string"},{"name":"kind","type":{"name":"IdentityKind","namespace":"mlledger","type":"enum","symbols":["unknown","service","person"],"default":"unknown"}},{"name":"event_types","type":{"type":"array","items":"string"}},{"name":"attests","type":"boolean"}]}',
  "ledger.key.revoked":
    '{"name":"revoked_v1","namespace":"mlledger.ledger.key","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"key_fp","type":"bytes"},{"name":"compromised_since","type":["null","long"],"default":null},{"name":"reason","type":"string"}]}',
  "ledger.key.rotated":
    '{"name":"rotated_v1","namespace":"mlledger.ledger.key","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"old_key_fp","type":"bytes"},{"name":"public_key","type":"bytes"}]}',
  "ledger.log.closed":
    '{"name":"closed_v1","namespace":"mlledger.ledger.log","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"origin","type":"string"},{"name":"size","type":"long"},{"name":"root","type":"bytes"}]}',
  "ledger.log.opened":
    '{"name":"opened_v1","namespace":"mlledger.ledger.log","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"origin","type":"string"},{"name":"vkey","type":"string"}]}',
  "ledger.log.trimmed":
    '{"name":"trimmed_v1","namespace":"mlledger.ledger.log","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"origin","type":"string"},{"name":"before_offset","type":"long"},{"name":"rule","type":"string"},{"name":"archive","type":["null","bytes"],"default":null}]}',
  "ledger.log_key.announced":
    '{"name":"announced_v1","namespace":"mlledger.ledger.log_key","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"origin","type":"string"},{"name":"vkey","type":"string"}]}',
  "ledger.log_key.retired":
    '{"name":"retired_v1","namespace":"mlledger.ledger.log_key","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"origin","type":"string"},{"name":"vkey","type":"string"}]}',
  "ledger.manifest.published":
    '{"name":"published_v1","namespace":"mlledger.ledger.manifest","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"checkpoints","type":{"type":"array","items":{"name":"SeenCheckpoint","namespace":"mlledger","type":"record","fields":[{"name":"origin","type":"string"},{"name":"size","type":"long"},{"name":"root","type":"bytes"}]}}}]}',
  "ledger.projection.digested":
    '{"name":"digested_v1","namespace":"mlledger.ledger.projection","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"projection","type":"string"},{"name":"version","type":"string"},{"name":"checkpoints","type":{"type":"array","items":{"name":"SeenCheckpoint","namespace":"mlledger","type":"record","fields":[{"name":"origin","type":"string"},{"name":"size","type":"long"},{"name":"root","type":"bytes"}]}}},{"name":"tables","type":{"type":"array","items":{"name":"TableDigest","namespace":"mlledger","type":"record","fields":[{"name":"table","type":"string"},{"name":"rows","type":"long"},{"name":"digest","type":"bytes"}]}}}]}',
  "ledger.root.set":
    '{"name":"set_v1","namespace":"mlledger.ledger.root","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"name","type":"string"},{"name":"origins","type":{"type":"array","items":"string"}},{"name":"root_keys","type":{"type":"array","items":"bytes"}},{"name":"threshold","type":"int"},{"name":"log_keys","type":{"type":"array","items":"string"}},{"name":"operator_keys","type":{"type":"array","items":"bytes"}}]}',
  "ledger.schema.registered":
    '{"name":"registered_v1","namespace":"mlledger.ledger.schema","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"schema","type":"bytes"}]}',
  "ledger.setting.changed":
    '{"name":"changed_v1","namespace":"mlledger.ledger.setting","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"setting","type":"string"},{"name":"before","type":["null","string"],"default":null},{"name":"after","type":["null","string"],"default":null},{"name":"by","type":["null","string"],"default":null}]}',
  "ledger.statement.endorsed":
    '{"name":"endorsed_v1","namespace":"mlledger.ledger.statement","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"statement_schema","type":"bytes"},{"name":"statement","type":"bytes"},{"name":"endorsements","type":{"type":"array","items":{"name":"Endorsement","namespace":"mlledger","type":"record","fields":[{"name":"key_fp","type":"bytes"},{"name":"sig","type":"bytes"}]}}}]}',
  "ledger.stream.closed":
    '{"name":"closed_v1","namespace":"mlledger.ledger.stream","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"counts","type":{"type":"map","values":"long"}}]}',
  "ledger.stream.opened":
    '{"name":"opened_v1","namespace":"mlledger.ledger.stream","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"identity","type":"string"},{"name":"software","type":"string"},{"name":"version","type":"string"},{"name":"host","type":"string"},{"name":"heartbeat_s","type":"int"},{"name":"predecessor","type":["null",{"name":"Predecessor","namespace":"mlledger","type":"record","fields":[{"name":"stream_id","type":"bytes"},{"name":"seq","type":["null","long"],"default":null},{"name":"header_hash","type":["null","bytes"],"default":null},{"name":"in_flight","type":{"type":"array","items":"bytes"}}]}],"default":null},{"name":"seen_checkpoint","type":["null",{"name":"SeenCheckpoint","namespace":"mlledger","type":"record","fields":[{"name":"origin","type":"string"},{"name":"size","type":"long"},{"name":"root","type":"bytes"}]}],"default":null}]}',
  "ledger.stream.reported":
    '{"name":"reported_v1","namespace":"mlledger.ledger.stream","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"counts","type":{"type":"map","values":"long"}},{"name":"seen_checkpoint","type":["null",{"name":"SeenCheckpoint","namespace":"mlledger","type":"record","fields":[{"name":"origin","type":"string"},{"name":"size","type":"long"},{"name":"root","type":"bytes"}]}],"default":null}]}',
  "ledger.witness_policy.set":
    '{"name":"set_v1","namespace":"mlledger.ledger.witness_policy","type":"record","fields":[{"name":"id","type":{"name":"Id","namespace":"mlledger","type":"fixed","size":16}},{"name":"time","type":"long"},{"name":"policy","type":"string"}]}',
};
let found = null;

/** Schema id in hex by type name. */
export async function builtInIds() {
  return (await builtInSchemas()).ids;
}

/** Type name, version and exact bytes of a built-in schema, or null. */
export async function builtIn(schemaIdHex) {
  return (await builtInSchemas()).byId.get(schemaIdHex) ?? null;
}

function builtInSchemas() {
  found ??= hashAll();
  return found;
}

async function hashAll() {
  const [ids, byId] = [Object.create(null), new Map()];
  for (const [name, text] of Object.entries(BUILT_IN)) {
    const bytes = utf8(text);
    ids[name] = hexOf(await sha256(bytes));
    byId.set(ids[name], { name, version: 1, bytes });
  }
  return { ids, byId };
}
