"""Secrets are cut out before anything is digested, and each cut is counted.

The samples are put together from pieces, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.secret_names import is_secret_name
from ledger.secrets import (
    Redaction,
    redact_arguments,
    redact_mapping,
    redact_text,
    redact_url,
)

A36 = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5"
B64 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
HEX32 = "0123456789abcdef0123456789abcdef"
PEM = "PRIVATE KEY"
SHAPES = {
    "aws-key": ["AKIA" + "IOSFODNN7EXAMPLE", "ASIA" + "IOSFODNN7EXAMPLE"],
    "github-token": [
        *[f"gh{c}_" + A36 for c in "pousr"],
        "github_pat_" + "11ABCDEFG0" + A36 + "_" + A36,
    ],
    "gitlab-token": ["glpat-" + "aB3dE5gH7jK9mN1pQ3sT", "gldt-" + A36[:20]],
    "slack-token": [
        "xoxb-" + "123456789012-123456789012-" + A36[:24],
        "xoxp-" + "123456789012-abcdef",
        "xapp-" + "1-A0123-456-" + HEX32,
        "hooks.slack.com/services/" + "T00000000/B00000000/" + A36[:24],
    ],
    "google-key": [
        "AIza" + A36[:35],
        "ya29." + A36,
        "GOCSPX-" + A36[:28],
    ],
    "jwt": [
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "dozjgNryP4J3jVmNHl0w5N",
    ],
    "api-key": [
        "sk-" + A36 + A36[:12],
        "sk-proj-" + A36 + "_" + A36,
        "sk-ant-api03-" + A36 + "-" + A36,
        "sk-or-v1-" + HEX32,
    ],
    "huggingface-token": ["hf_" + A36[:34]],
    "stripe-key": ["sk_live_" + A36[:24], "rk_test_" + A36[:24]],
    "npm-token": ["npm_" + A36],
    "pypi-token": ["pypi-" + "AgEIcHlwaS5vcmc" + A36 + A36],
    "docker-token": ["dckr_pat_" + A36[:27]],
    "databricks-token": ["dapi" + HEX32],
    "vault-token": ["hvs." + A36],
    "digitalocean-token": ["dop_v1_" + HEX32 + HEX32],
    "sendgrid-key": ["SG." + A36[:22] + "." + A36 + "1234567"],
    "telegram-token": ["123456789:" + "AA" + A36[:33]],
    "private-key": [
        f"-----BEGIN {kind}{PEM}{tail}-----\n{B64}\n-----END {kind}{PEM}{tail}-----"
        for kind, tail in [
            ("", ""),
            ("RSA ", ""),
            ("EC ", ""),
            ("OPENSSH ", ""),
            ("ENCRYPTED ", ""),
            ("PGP ", " BLOCK"),
        ]
    ],
}
SECRET_NAMES = """
password DB_PASSWORD dbPassword passwd user_pass api_key apiKey API-KEY token
github_token HF_TOKEN slackToken secret client_secret secret_access_key
AWS_SECRET_ACCESS_KEY privateKey signing_key credentials connection_string
secret_id authorization auth session_key password2 token_secret db_pass
"""
HARMLESS_NAMES = """
max_tokens tokens num_tokens pad_token eos_token tokenizer token_type_ids
password_file secret_name key primary_key foreign_key sort_key keyboard author
authority pass_rate n_pass compass lr passenger access_key_id api_key_version
token_embedding cookiecutter path patience forward_pass pat_id
"""
ALL = [(kind, secret) for kind, secrets in SHAPES.items() for secret in secrets]
FRAMES = [
    "{}",
    "before {} after",
    '"{}"',
    "x = '{}',",
    "+    use({})\n",
    "({})",
    "a/{}",
]


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("kind", "secret"), ALL)
def test_a_known_shape_is_cut_wherever_it_stands(kind, secret, frame):
    text, cuts = redact_text(frame.format(secret), where="diff")
    assert secret not in text
    assert f"[REDACTED:{kind}]" in text
    assert Redaction("diff", kind, 1) in cuts


def test_what_stands_around_a_secret_stays():
    text, _ = redact_text(f"left {SHAPES['npm-token'][0]} right", where="t")
    assert text == "left [REDACTED:npm-token] right"


def test_a_private_key_that_is_cut_off_is_cut_to_the_end():
    text, cuts = redact_text(f"a\n-----BEGIN {PEM}-----\n{B64}\n{B64}", where="t")
    assert text == "a\n[REDACTED:private-key]"
    assert cuts == (Redaction("t", "private-key", 1),)


def test_a_private_key_within_a_diff_goes_with_its_plus_signs():
    diff = f"+-----BEGIN RSA {PEM}-----\n+{B64}\n+-----END RSA {PEM}-----\n+lr = 0.1\n"
    text, _ = redact_text(diff, where="diff")
    assert text == "+[REDACTED:private-key]\n+lr = 0.1\n"


@pytest.mark.parametrize(
    ("url", "cut"),
    [
        ("https://ann:hunter2@git.example/x.git", "https://git.example/x.git"),
        ("https://hunter2token@git.example/x", "https://git.example/x"),
        ("https://:hunter2@git.example", "https://git.example"),
        ("postgresql://u:hu%40nter2@db:5432/x", "postgresql://db:5432/x"),
        ("postgresql://u:hunt/er2@db:5432/x", "postgresql://db:5432/x"),
        ("postgresql://u:hunt@er2@db:5432/x", "postgresql://db:5432/x"),
        ("postgresql+psycopg://u:hunter2@db/x", "postgresql+psycopg://db/x"),
        ("redis://:hunter2@cache:6379/0", "redis://cache:6379/0"),
        ("HTTPS://ann:hunter2@git.example/", "HTTPS://git.example/"),
        ("amqp://u:hunter2@[::1]:5672/v", "amqp://[::1]:5672/v"),
    ],
)
def test_url_credentials_are_cut(url, cut):
    assert redact_url(url) == cut
    text, cuts = redact_text(f"origin {url} (fetch)", where="remote")
    assert text == f"origin {cut} (fetch)"
    assert cuts == (Redaction("remote", "url-credentials", 1),)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example/team/x.git",
        "ssh://git@git.example/team/x.git",
        "git@git.example:team/x.git",
        "http://localhost:8080/a@b",
        "https://git.example/@scope/package",
        "https://x.example/?page=2&sort=name",
        "s3://bucket/key@version",
    ],
)
def test_a_url_without_credentials_stays(url):
    assert redact_url(url) == url


@pytest.mark.parametrize(
    "name", ["X-Amz-Signature", "sig", "access_token", "api_key", "client_secret"]
)
def test_secret_query_parameters_are_cut(name):
    url = f"https://x.example/a?page=2&{name}=hunter2&z=1"
    text, cuts = redact_text(url, where="t")
    assert text == f"https://x.example/a?page=2&{name}=[REDACTED:url-parameter]&z=1"
    assert sum(cut.count for cut in cuts) == 1


@pytest.mark.parametrize(
    "line",
    [
        "password=hunter2hunter2",
        "DB_PASSWORD=hunter2hunter2",
        "+export AWS_SECRET_ACCESS_KEY=hunter2hunter2",
        "-OPENAI_API_KEY: hunter2hunter2",
        '  "client_secret": "hunter2hunter2",',
        "  'apiKey' : 'hunter2hunter2'",
        "password = hunter2hunter2",
        "db.password: hunter2hunter2",
        'connect(host="x", password="hunter2hunter2")',
        "run --token=hunter2hunter2 --lr 1",
        'os.environ["HF_TOKEN"] = "hunter2hunter2"',
        "private_key => hunter2hunter2",
        "host=db password=hunter2hunter2 dbname=x",
        'token: str = "hunter2hunter2"',
        "Authorization: Bearer hunter2hunter2",
        "authorization: Basic hunter2hunter2==",
        'SECRET_KEY = b"hunter2hunter2"',
        "passphrase='hunter2 hunter2'",
    ],
)
def test_a_secret_named_line_loses_its_value(line):
    text, cuts = redact_text(line, where="diff")
    assert "hunter2" not in text
    assert cuts


@pytest.mark.parametrize(
    "line",
    [
        "max_tokens=256",
        "pad_token: '[PAD]'",
        "eos_token_id = 50256",
        "tokenizer = AutoTokenizer.from_pretrained('bert')",
        "token = get_token(request)",
        'password = os.environ["DB_PASSWORD"]',
        "password: str",
        "api_key: str | None = None",
        "API_KEY=${API_KEY}",
        "password_file=/run/secrets/db",
        "secret_version=3",
        "keyboard = 'qwerty'",
        "monkey: banana",
        "primary_key = 'id'",
        "author: Ann",
        "learning_rate: 0.1",
        "sk-learn-contrib-and-other-packages",
        "task-force-alpha-beta-gamma-delta",
        "sha256:" + HEX32 + HEX32,
        "commit " + HEX32 + "01234567",
        "if token == '':",
        "01997b1e-4a5c-7def-8123-456789abcdef",
    ],
)
def test_what_is_no_secret_stays(line):
    assert redact_text(line, where="diff") == (line, ())


@pytest.mark.parametrize(
    "name",
    SECRET_NAMES.split(),
)
def test_secret_names(name):
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    HARMLESS_NAMES.split(),
)
def test_harmless_names(name):
    assert not is_secret_name(name)


def test_a_mapping_is_cut_to_its_leaves():
    cut, cuts = redact_mapping(
        {
            "lr": 0.1,
            "db": {"password": "hunter2", "url": "postgres://u:hunter2@h/d"},
            "tokens": ["a", SHAPES["huggingface-token"][0]],
            "api_key": 12345,
            "secret": None,
            "use_password": True,
        },
        where="parameters",
    )
    assert cut == {
        "lr": 0.1,
        "db": {"password": "[REDACTED:secret-name]", "url": "postgres://h/d"},
        "tokens": ["a", "[REDACTED:huggingface-token]"],
        "api_key": "[REDACTED:secret-name]",
        "secret": None,
        "use_password": True,
    }
    assert cuts == (
        Redaction("parameters.api_key", "secret-name", 1),
        Redaction("parameters.db.password", "secret-name", 1),
        Redaction("parameters.db.url", "url-credentials", 1),
        Redaction("parameters.tokens", "huggingface-token", 1),
    )


def test_a_secret_named_table_is_cut_whole():
    cut, _ = redact_mapping({"credentials": {"user": "u", "p": "hunter2"}}, where="c")
    assert cut == {"credentials": "[REDACTED:secret-name]"}


def test_a_command_line_loses_the_argument_after_a_secret_option():
    cut, cuts = redact_arguments(
        [
            "train.py",
            "--token",
            "hunter2",
            "--lr",
            "0.1",
            "--db-password=hunter2",
            "https://u:hunter2@h/x",
            "--api-key",
            "--verbose",
            "KEY_ID=1",
        ],
        where="command",
    )
    assert cut == [
        "train.py", "--token", "[REDACTED:secret-name]", "--lr", "0.1",
        "--db-password=[REDACTED:secret-name]", "https://h/x", "--api-key",
        "--verbose", "KEY_ID=1",
    ]  # fmt: skip
    assert cuts == (
        Redaction("command", "secret-name", 2),
        Redaction("command", "url-credentials", 1),
    )


def test_counts_add_up():
    text = f"{SHAPES['npm-token'][0]} {SHAPES['npm-token'][0]}"
    assert redact_text(text, where="t")[1] == (Redaction("t", "npm-token", 2),)


@given(st.text(max_size=300))
def test_cutting_twice_cuts_nothing_more(text):
    once, _ = redact_text(text, where="t")
    again, cuts = redact_text(once, where="t")
    assert (again, cuts) == (once, ())


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "A1" * 500_000,
        "password" * 100_000,
        "://a:" * 200_000,
        "https://" + "a:@" * 100_000,
        "-----BEGIN " * 100_000,
        "-----BEGIN PRIVATE KEY-----" * 20_000,
        "eyJ" + "a." * 300_000,
        "sk-" * 300_000,
        "?a=" * 300_000,
        "x='" + "\\" * 500_000,
        "a.b-" * 250_000,
        "_=" * 300_000,
    ],
    ids=lambda text: text[:14],
)
def test_a_large_hostile_text_takes_no_long_time(text):
    started = time.process_time()
    redact_text(text, where="diff")
    assert time.process_time() - started < 5
