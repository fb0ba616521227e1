#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"

namespace mailvigil {

namespace {

TEST(crc32c, the_examples_of_rfc_3720_appendix_b_4) {
    std::string rising;
    std::string falling;
    for (int i = 0; i < 32; ++i) {
        rising += static_cast<char>(i);
        falling += static_cast<char>(31 - i);
    }
    // An iSCSI SCSI Read (10) command.
    const auto command = decode_hex(
        "01c00000000000000000000000000000"
        "14000000000004000000001400000018"
        "28000000000000000200000000000000");
    ASSERT_TRUE(command);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);
    EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
    EXPECT_EQ(crc32c(rising), 0x46DD794EU);
    EXPECT_EQ(crc32c(falling), 0x113FDB5CU);
    EXPECT_EQ(crc32c(*command), 0xD9963A56U);
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
    EXPECT_EQ(crc32c(""), 0U);
}

TEST(crc32c, pieces_give_the_check_of_the_whole) {
    const std::string_view text = "the quick brown fox jumps over the lazy dog";
    for (std::size_t i = 0; i <= text.size(); ++i) {
        EXPECT_EQ(crc32c(text.substr(i), crc32c(text.substr(0, i))), crc32c(text)) << i;
    }
}

}  // namespace

}  // namespace mailvigil
