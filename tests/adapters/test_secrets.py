"""Passwords are kept as scrypt hashes of full cost (tests of pages use a cheaper one)."""

from __future__ import annotations

from nylasadmin.adapters.secrets import ScryptPasswords


def test_a_password_is_known_by_a_costly_hash_that_does_not_tell_it() -> None:
    passwords = ScryptPasswords()

    hashed = passwords.hashed("correct horse battery")

    assert hashed.startswith("scrypt:32768:8:1$")
    assert "correct" not in hashed
    assert passwords.matches(hashed, "correct horse battery")
    assert not passwords.matches(hashed, "correct horse batterY")


def test_the_same_password_is_hashed_differently_each_time() -> None:
    passwords = ScryptPasswords()
    assert passwords.hashed("correct horse battery") != passwords.hashed("correct horse battery")
