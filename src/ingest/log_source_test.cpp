#include "ingest/log_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace mailvigil::ingest {
namespace {

std::string gzip(std::string_view text) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    std::string in(text);
    std::string out(text.size() + 1024, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd(std::string_view text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

class LogSourceTest : public ::testing::Test {
  protected:
    void TearDown() override { std::filesystem::remove_all(folder); }

    std::string write(std::string_view bytes, std::ios::openmode mode = std::ios::trunc) const {
        std::ofstream(path, std::ios::binary | mode) << bytes;
        return path;
    }

    /// Everything that comes until the end, or until there is nothing to wait for.
    std::string read(LogSource& source) {
        std::string text;
        for (;;) {
            const auto next = source.next(chunk, diagnostics);
            if (next != LogSource::Next::chunk) {
                return text;
            }
            longest = std::max(longest, chunk.text.size());
            text += chunk.text;
            first_lines += std::to_string(chunk.line) + ' ';
            chunk.line += static_cast<std::uint64_t>(std::ranges::count(chunk.text, '\n'));
            chunk.text = {};
        }
    }

    std::string read_file() {
        auto source = LogSource::open(path, Growth::finished);
        EXPECT_TRUE(source.has_value());
        return source ? read(*source) : std::string();
    }

    std::string told() const {
        std::string text;
        for (const Diagnostic& diagnostic : diagnostics.kept()) {
            text += diagnostic.message + '\n';
        }
        return text;
    }

    std::filesystem::path folder = [] {
        std::string name = ::testing::TempDir() + "mailvigil_XXXXXX";
        return std::filesystem::path(mkdtemp(name.data()));
    }();
    std::string path = folder / "audit.log";
    Chunk chunk;
    Diagnostics diagnostics;
    std::size_t longest = 0;
    std::string first_lines;
};

TEST_F(LogSourceTest, a_plain_file_comes_as_whole_lines) {
    std::string text;
    for (int i = 0; i < 60'000; ++i) {
        text += "line " + std::to_string(i) + " with something behind it\n";
    }
    write(text);
    EXPECT_EQ(read_file(), text);
    EXPECT_TRUE(first_lines.starts_with("1 "));
    EXPECT_GT(std::ranges::count(first_lines, ' '), 1);
    EXPECT_EQ(told(), "");
}

TEST_F(LogSourceTest, a_last_line_without_newline_comes) {
    write("one\ntwo");
    EXPECT_EQ(read_file(), "one\ntwo");
}

TEST_F(LogSourceTest, files_of_less_than_a_magic_number_come) {
    for (const std::string_view text : {"", "a", "\n", "\x1f", "ab\n"}) {
        write(text);
        EXPECT_EQ(read_file(), text);
    }
}

TEST_F(LogSourceTest, every_member_and_frame_comes) {
    write(gzip("one\n") + gzip("") + gzip("two\n"));
    EXPECT_EQ(read_file(), "one\ntwo\n");
    write(zstd("one\n") + zstd("") + zstd("two\n"));
    EXPECT_EQ(read_file(), "one\ntwo\n");
    EXPECT_EQ(told(), "");
}

TEST_F(LogSourceTest, an_archive_cut_anywhere_gives_what_it_holds_and_says_so) {
    std::string text;
    for (int i = 0; i < 200; ++i) {
        text += std::to_string(i * 7919 % 1009) + '\n';
    }
    for (const std::string& archive : {gzip(text), zstd(text)}) {
        for (std::size_t size = 4; size < archive.size(); size += 13) {
            diagnostics = {};
            write(archive.substr(0, size));
            EXPECT_TRUE(text.starts_with(read_file()));
            EXPECT_EQ(told(),
                      "cannot read on: compressed data ends too early; what was read before is "
                      "used\n")
                << size;
        }
    }
}

TEST_F(LogSourceTest, a_damaged_archive_gives_no_more_than_it_should) {
    const std::string text(100'000, 'x');
    for (const std::string& archive : {gzip(text), zstd(text)}) {
        for (std::size_t at = 4; at < archive.size(); ++at) {
            diagnostics = {};
            std::string damaged = archive;
            damaged[at] = static_cast<char>(damaged[at] ^ 0x5a);
            write(damaged);
            const std::string got = read_file();
            EXPECT_LE(got.size(), text.size() + LogSource::kReadBytes);
        }
    }
}

TEST_F(LogSourceTest, what_follows_an_archive_is_damage) {
    write(gzip("one\n") + "no archive");
    EXPECT_EQ(read_file(), "one\n");
    EXPECT_EQ(diagnostics.errors(), 1U);
}

TEST_F(LogSourceTest, a_gzip_padded_with_zeros_is_whole) {
    write(gzip("one\n") + std::string(512, '\0'));
    EXPECT_EQ(read_file(), "one\n");
    EXPECT_EQ(told(), "");
}

TEST_F(LogSourceTest, a_line_past_the_limit_comes_in_pieces) {
    const std::string text = std::string(LogSource::kLineBytesMax * 2, 'x') + "\nshort\n";
    write(text);
    EXPECT_EQ(read_file(), text);
    EXPECT_LE(longest, LogSource::kLineBytesMax + 2 * LogSource::kReadBytes);
    write(std::string(LogSource::kLineBytesMax - 1, 'x') + "\n");
    EXPECT_EQ(read_file().size(), LogSource::kLineBytesMax);
}

TEST_F(LogSourceTest, what_cannot_be_opened_says_why) {
    const auto message = [](const std::string& name) {
        const auto source = LogSource::open(name, Growth::finished);
        return source ? std::string("opened") : source.error().message;
    };
    EXPECT_EQ(message(path), "cannot read " + path + ": No such file or directory");
    EXPECT_EQ(message(folder),
              "cannot read " + folder.string() + ": it is a directory; name the log files in it");
    if (::geteuid() != 0) {
        write("x");
        std::filesystem::permissions(path, std::filesystem::perms::none);
        EXPECT_EQ(
            message(path),
            "cannot read " + path + ": Permission denied; run as root or as a member of group adm");
    }
}

class GrowingTest : public LogSourceTest {
  protected:
    LogSource open() {
        auto source = LogSource::open(path, Growth::growing);
        EXPECT_TRUE(source.has_value());
        return std::move(*source);
    }
};

TEST_F(GrowingTest, half_a_line_waits_for_its_rest) {
    write("one\ntw");
    LogSource source = open();
    EXPECT_EQ(read(source), "one\n");
    EXPECT_EQ(read(source), "");
    write("o\nthree\n", std::ios::app);
    EXPECT_EQ(read(source), "two\nthree\n");
    EXPECT_EQ(first_lines, "1 2 ");
}

TEST_F(GrowingTest, a_truncated_file_is_read_from_its_start) {
    write("one\ntwo\n");
    LogSource source = open();
    EXPECT_EQ(read(source), "one\ntwo\n");
    write("3\n");
    EXPECT_EQ(read(source) + read(source), "3\n");
    EXPECT_EQ(told(), "the file was truncated; reading it again from its start\n");
    EXPECT_EQ(first_lines, "1 1 ");
}

TEST_F(GrowingTest, rotation_loses_nothing) {
    write("one\n");
    LogSource source = open();
    EXPECT_EQ(read(source), "one\n");
    write("two\n", std::ios::app);
    std::filesystem::rename(path, path + ".1");
    write("three\n");
    std::string text;
    for (int i = 0; i < 4; ++i) {
        text += read(source);
    }
    EXPECT_EQ(text, "two\nthree\n");
}

TEST_F(GrowingTest, a_line_cut_by_rotation_does_not_run_into_the_next_file) {
    write("one\ncut");
    LogSource source = open();
    EXPECT_EQ(read(source), "one\n");
    std::filesystem::rename(path, path + ".1");
    write("three\n");
    std::string text;
    for (int i = 0; i < 4; ++i) {
        text += read(source) + '|';
    }
    EXPECT_TRUE(text.find("cut|") != std::string::npos) << text;
    EXPECT_TRUE(text.find("|three\n") != std::string::npos) << text;
}

TEST_F(GrowingTest, a_file_that_is_gone_is_waited_for) {
    write("one\n");
    LogSource source = open();
    EXPECT_EQ(read(source), "one\n");
    std::filesystem::remove(path);
    EXPECT_EQ(read(source), "");
    write("two\n");
    EXPECT_EQ(read(source) + read(source), "two\n");
}

}  // namespace
}  // namespace mailvigil::ingest
