#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"

namespace mailvigil {

namespace {

std::string text_of(const Sha256& digest) {
    return render_hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

TEST(Sha256, examples_of_fips_180) {
    EXPECT_EQ(text_of(sha256("")),
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(text_of(sha256("abc")),
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// Short messages are padded by us, pieces of a stream by OpenSSL.
TEST(Sha256, every_length_is_what_a_stream_of_the_same_bytes_is) {
    std::string bytes;
    for (std::size_t size = 0; size <= 1'200; ++size) {
        for (const std::string_view prefix :
             {std::string_view(), std::string_view("\x01", 1), std::string_view("a prefix")}) {
            Sha256Stream stream;
            stream.update(prefix);
            stream.update(bytes);
            ASSERT_EQ(sha256(bytes, prefix), stream.finish()) << size << " behind " << prefix;
        }
        bytes += static_cast<char>(size * 7 + size / 251);
    }
}

}  // namespace

}  // namespace mailvigil
