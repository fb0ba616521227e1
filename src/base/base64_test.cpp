#include "base/base64.h"

#include <gtest/gtest.h>

#include <string>

namespace mailvigil {

namespace {

TEST(base64, the_vectors_of_rfc_4648_section_10_go_both_ways) {
    const struct {
        const char* bytes;
        const char* base64;
        const char* hex;
    } kRows[] = {
        {"", "", ""},
        {"f", "Zg==", "66"},
        {"fo", "Zm8=", "666f"},
        {"foo", "Zm9v", "666f6f"},
        {"foob", "Zm9vYg==", "666f6f62"},
        {"fooba", "Zm9vYmE=", "666f6f6261"},
        {"foobar", "Zm9vYmFy", "666f6f626172"},
    };

    for (const auto& row : kRows) {
        EXPECT_EQ(render_base64(row.bytes), row.base64);
        EXPECT_EQ(decode_base64(row.base64), row.bytes);
        EXPECT_EQ(render_hex(row.bytes), row.hex);
        EXPECT_EQ(decode_hex(row.hex), row.bytes);
    }
}

TEST(base64, every_byte_comes_back_at_every_length) {
    std::string bytes;
    for (int i = 0; i < 512; ++i) {
        bytes += static_cast<char>(i * 7);
        EXPECT_EQ(decode_base64(render_base64(bytes)), bytes);
        EXPECT_EQ(decode_hex(render_hex(bytes)), bytes);
    }
}

TEST(base64, what_is_not_canonical_is_refused) {
    for (const std::string_view text :
         {"Z",     "Zg",       "Zg=",      "Zm9",      "Zm9vY",   "====",     "Z===",     "=Zg=",
          "Zg=a",  "Zg==Zg==", "Zm8=Zm9v", "Zh==",     "Zv==",    "Zm9=",     "Zm-_",     "Zm9v\n",
          "Zm9\n", " m9v",     "Zm9v    ", "Zm9v====", "Zm9\xFF", "Zg==\r\n", "Zm\n9vYmF"}) {
        EXPECT_EQ(decode_base64(text), std::nullopt) << text;
    }
    EXPECT_EQ(decode_base64(std::string_view("Zm9\0", 4)), std::nullopt);
}

TEST(base64, hexadecimal_of_either_case_is_read) {
    EXPECT_EQ(decode_hex("aBCd"), "\xAB\xCD");
    for (const char* text : {"a", "abc", "ag", "0x12", " 1", "1 ", "-1"}) {
        EXPECT_EQ(decode_hex(text), std::nullopt) << text;
    }
}

}  // namespace

}  // namespace mailvigil
