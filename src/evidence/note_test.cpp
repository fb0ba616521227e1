#include "evidence/note.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "evidence/vectors_test.h"

namespace mailvigil::evidence {

namespace {

const std::string kSeed(32, '\x5A');

/// A note of two lines, signed by `signers` keys with the names k0, k1, ...
Note signed_note(std::size_t signers, KeyType type = KeyType::ed25519) {
    Note note{.text = "first\nsecond\n", .signatures = {}};
    for (std::size_t i = 0; i < signers; ++i) {
        EXPECT_TRUE(sign(note, signer_of(fmt::format("k{}", i), type, kSeed), 1'700'000'000 + i));
    }
    return note;
}

VerifierKey key_of(std::string_view name, KeyType type = KeyType::ed25519) {
    return signer_of(name, type, kSeed).verifier();
}

TEST(note, the_example_of_the_specification_verifies) {
    const auto key =
        parse_vkey("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k");
    ASSERT_TRUE(key) << key.error().message;
    const auto note = parse_note(
        "This is an example message.\n\n— example.com/foo "
        "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72Ineya"
        "QM=\n");
    ASSERT_TRUE(note) << note.error().message;
    EXPECT_EQ(check(*note, *key), SignatureCheck::valid);
}

TEST(note, a_text_may_have_empty_lines) {
    Note note{.text = "a\n\nb\n\n", .signatures = {}};
    ASSERT_TRUE(sign(note, signer_of("k", KeyType::ed25519, kSeed)));
    const auto again = parse_note(render(note));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->text, note.text);
    EXPECT_EQ(check(*again, key_of("k")), SignatureCheck::valid);
}

TEST(note, what_is_no_note_is_refused) {
    const std::string good = render(signed_note(1));
    const std::string line = good.substr(good.find("—"));
    ASSERT_TRUE(parse_note(good));
    std::string crlf = good;
    crlf.insert(crlf.find('\n'), "\r");
    for (const std::string& text : {
             std::string(),
             std::string("\n"),
             std::string("text\n"),
             std::string("text\n\n"),
             good.substr(0, good.size() - 1),
             good + "\n",
             good + "more\n",
             "text\n" + line,
             "text" + line,
             crlf,
             "a\tb\n\n" + line,
             std::string("a\0b\n\n", 5) + line,
             "a\x1F\n\n" + line,
             "\xC3\x28\n\n" + line,
             "\xED\xA0\x80\n\n" + line,
             "\xC0\xAF\n\n" + line,
         }) {
        EXPECT_FALSE(parse_note(text)) << text;
    }
}

TEST(note, a_signature_line_has_one_spelling) {
    const std::string good = render(signed_note(1).signatures[0]);
    const std::string body = good.substr(good.rfind(' ') + 1);
    ASSERT_TRUE(good.ends_with('\n'));
    EXPECT_TRUE(parse_signature(good));
    EXPECT_TRUE(parse_signature(good.substr(0, good.size() - 1)));
    EXPECT_EQ(render(parse_signature(good).value()), good);
    for (const std::string& line : {
             std::string(),
             std::string("— "),
             std::string("— k0"),
             std::string("— k0 "),
             std::string("— k0 AAAAAA=="),  // a key id without a signature
             std::string("— k0 AAAA"),
             "- k0 " + body,
             "—k0 " + body,
             "—  " + body,
             "— k+0 " + body,
             "— k 0 " + body,
             "— k\u00A00 " + body,
             "— k\u30000 " + body,
             "— k\u20280 " + body,
             "— k0  " + body,
             " — k0 " + body,
             "— k0 x" + body,
             good + "\n",
         }) {
        EXPECT_FALSE(parse_signature(line)) << line;
    }
    EXPECT_TRUE(parse_signature("— schlüssel.example/ключ " + body));
}

TEST(note, many_signatures_are_read_up_to_the_limit) {
    for (const std::size_t count : {std::size_t{1}, std::size_t{16}, kNoteSignaturesMax}) {
        const auto note = parse_note(render(signed_note(count)));
        ASSERT_TRUE(note) << count;
        EXPECT_EQ(note->signatures.size(), count);
        EXPECT_EQ(check(*note, key_of(fmt::format("k{}", count - 1))), SignatureCheck::valid);
    }
    EXPECT_FALSE(parse_note(render(signed_note(kNoteSignaturesMax + 1))));
}

TEST(note, its_size_is_limited) {
    const std::string line = render(signed_note(1).signatures[0]);
    const std::string fits(kNoteBytesMax - line.size() - 2, 'x');
    EXPECT_TRUE(parse_note(fits + "\n\n" + line));
    EXPECT_FALSE(parse_note(fits + "x\n\n" + line));
}

TEST(note, unknown_keys_are_ignored_and_known_ones_must_verify) {
    Note note = signed_note(2);
    EXPECT_EQ(check(note, key_of("k0")), SignatureCheck::valid);
    EXPECT_EQ(check(note, key_of("k7")), SignatureCheck::absent);

    // The same id under another name, and the same name with another id, are other keys.
    Note collision = note;
    collision.signatures[0].name = "other";
    EXPECT_EQ(check(collision, key_of("k0")), SignatureCheck::absent);
    collision = note;
    collision.signatures[0].id ^= 1U;
    EXPECT_EQ(check(collision, key_of("k0")), SignatureCheck::absent);
    EXPECT_EQ(check(collision, key_of("k1")), SignatureCheck::valid);

    // A forger can reach name and id, but not the signature.
    Note forged = note;
    forged.signatures[0].bytes = forged.signatures[1].bytes;
    forged.text = "another\n";
    EXPECT_EQ(check(forged, key_of("k0")), SignatureCheck::invalid);

    // One bad line of a key spoils the note, whatever its good line says.
    Note doubled = note;
    doubled.signatures.push_back(note.signatures[0]);
    EXPECT_EQ(check(doubled, key_of("k0")), SignatureCheck::valid);
    doubled.signatures.back().bytes[5] ^= 1;
    EXPECT_EQ(check(doubled, key_of("k0")), SignatureCheck::invalid);
}

TEST(note, a_signature_of_another_length_is_invalid) {
    for (const KeyType type : {KeyType::ed25519, KeyType::cosignature}) {
        const Note good = signed_note(1, type);
        ASSERT_EQ(check(good, key_of("k0", type)), SignatureCheck::valid);
        for (const std::size_t size : {1U, 8U, 63U, 64U, 65U, 71U, 72U, 73U}) {
            Note note = good;
            note.signatures[0].bytes.resize(size, '\0');
            EXPECT_EQ(check(note, key_of("k0", type)),
                      size == good.signatures[0].bytes.size() ? SignatureCheck::valid
                                                              : SignatureCheck::invalid)
                << size;
        }
    }
}

TEST(note, a_cosignature_says_when_and_is_no_plain_signature) {
    Note note = signed_note(1, KeyType::cosignature);
    const VerifierKey key = key_of("k0", KeyType::cosignature);
    EXPECT_EQ(cosignature_time(note, key), 1'700'000'000U);
    ASSERT_TRUE(sign(note, signer_of("k0", KeyType::cosignature, kSeed), 1'800'000'000));
    EXPECT_EQ(check(note, key), SignatureCheck::valid);
    EXPECT_EQ(cosignature_time(note, key), 1'800'000'000U);
    EXPECT_NE(key.id, key_of("k0").id);
    EXPECT_EQ(check(note, key_of("k0")), SignatureCheck::absent);
    note.signatures[0].bytes[7] ^= 1;
    EXPECT_EQ(check(note, key), SignatureCheck::invalid);
}

TEST(note, a_time_beyond_63_bits_is_invalid) {
    const SignerKey signer = signer_of("w", KeyType::cosignature, kSeed);
    Note note{.text = "text\n", .signatures = {}};
    const auto signature = signer.sign("cosignature/v1\ntime 9223372036854775808\ntext\n");
    note.signatures.push_back(
        {.name = "w",
         .id = signer.verifier().id,
         .bytes = "\x80" + std::string(7, '\0') + std::string(as_text(signature.value()))});
    EXPECT_EQ(check(note, signer.verifier()), SignatureCheck::invalid);
}

TEST(verifier_key, its_text_comes_back_and_must_hold_together) {
    const std::string good = tlog_vectors().log_vkey;
    EXPECT_EQ(render(parse_vkey(good).value()), good);
    const std::size_t id = good.find('+') + 1;
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string text = good;
        text[i] = text[i] == 'q' ? 'r' : 'q';
        EXPECT_FALSE(parse_vkey(text)) << text;
    }
    std::string upper = good;
    upper[id + 1] = 'D';
    for (const std::string& text : {std::string(),
                                    std::string("+"),
                                    std::string("++"),
                                    std::string("name"),
                                    std::string("name+00000000+"),
                                    good.substr(0, id + 8),
                                    good + "=",
                                    good + "\n",
                                    " " + good,
                                    "+" + good,
                                    good.substr(id - 1)}) {
        EXPECT_FALSE(parse_vkey(text)) << text;
    }
}

TEST(signer_key, its_text_comes_back) {
    const auto made = SignerKey::generate("mx1.example/x", KeyType::cosignature);
    ASSERT_TRUE(made);
    const std::string secret = made->render_private();
    EXPECT_TRUE(secret.starts_with("PRIVATE+KEY+mx1.example/x+"));
    const auto again = SignerKey::parse(secret);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->verifier(), made->verifier());
    EXPECT_EQ(again->sign("x").value(), made->sign("x").value());
    EXPECT_NE(SignerKey::generate("mx1.example/x", KeyType::cosignature)->verifier(),
              made->verifier());

    std::string other_id = secret;
    char& digit = other_id[other_id.find('+', 12) + 1];
    digit = digit == '0' ? '1' : '0';
    for (const std::string& text : {std::string(),
                                    secret.substr(1),
                                    secret + "\n",
                                    other_id,
                                    render(made->verifier()),
                                    std::string("PRIVATE+KEY+")}) {
        EXPECT_FALSE(SignerKey::parse(text));
    }
}

TEST(signer_key, a_name_without_spaces_and_plus_signs) {
    for (const char* name : {"", "a b", "a+b", "a\nb", "a\tb", "a\u2003b", "\xFF"}) {
        EXPECT_FALSE(SignerKey::generate(name, KeyType::ed25519)) << name;
    }
}

TEST(signer_key, can_be_moved) {
    SignerKey first = signer_of("first", KeyType::ed25519, kSeed);
    SignerKey second = signer_of("second", KeyType::ed25519, std::string(32, '\x01'));
    const auto expected = second.sign("x").value();
    first = std::move(second);
    EXPECT_EQ(first.verifier().name, "second");
    EXPECT_EQ(first.sign("x").value(), expected);
}

}  // namespace

}  // namespace mailvigil::evidence
