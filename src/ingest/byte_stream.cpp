#include "ingest/byte_stream.h"

#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace mailvigil::ingest {

namespace {

constexpr std::size_t kCompressedBytes = 128 * 1024;

/// Refills an input buffer from `from`; 0 at the end.
struct Input {
    ByteStream& from;
    std::vector<char> buffer = std::vector<char>(kCompressedBytes);

    Result<std::size_t> refill() { return from.read(buffer); }
};

class GzipBytes final : public ByteStream {
  public:
    explicit GzipBytes(ByteStream& from) : input_{from} {
        // 15 bits of window, plus 16: a gzip header is expected (zlib.h, inflateInit2).
        ready_ = inflateInit2(&stream_, 15 + 16) == Z_OK;
    }

    GzipBytes(const GzipBytes&) = delete;
    GzipBytes& operator=(const GzipBytes&) = delete;

    ~GzipBytes() override { inflateEnd(&stream_); }

    Result<std::size_t> read(std::span<char> into) override {
        stream_.next_out = reinterpret_cast<Bytef*>(into.data());
        stream_.avail_out = static_cast<uInt>(into.size());
        while (stream_.avail_out == into.size()) {
            if (stream_.avail_in == 0) {
                const std::size_t size = TRY(input_.refill());
                if (size == 0) {
                    if (in_member_) {
                        return fail(ErrorCode::malformed, "compressed data ends too early");
                    }
                    return std::size_t{0};
                }
                stream_.next_in = reinterpret_cast<Bytef*>(input_.buffer.data());
                stream_.avail_in = static_cast<uInt>(size);
            }
            if (!in_member_ && members_ != 0 && skip_padding()) {
                continue;
            }
            in_member_ = true;
            const int code = ready_ ? inflate(&stream_, Z_NO_FLUSH) : Z_STREAM_ERROR;
            if (code == Z_STREAM_END) {
                in_member_ = false;
                ++members_;
                inflateReset(&stream_);
            } else if (code != Z_OK && code != Z_BUF_ERROR) {
                return fail(ErrorCode::malformed, "compressed data is damaged");
            }
        }
        return into.size() - stream_.avail_out;
    }

  private:
    /// Zeros behind a member are what a block device leaves there (gzip(1)). True: nothing else is
    /// left in the buffer.
    bool skip_padding() {
        while (stream_.avail_in != 0 && *stream_.next_in == 0) {
            ++stream_.next_in;
            --stream_.avail_in;
        }
        return stream_.avail_in == 0;
    }

    Input input_;
    z_stream stream_{};
    std::uint64_t members_ = 0;
    bool ready_ = false;
    bool in_member_ = false;
};

class ZstdBytes final : public ByteStream {
  public:
    explicit ZstdBytes(ByteStream& from) : input_{from}, stream_(ZSTD_createDStream()) {
        // A hostile frame may ask for a huge window: 2^27 bytes is what the zstd program accepts by
        // default.
        ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, 27);
    }

    ZstdBytes(const ZstdBytes&) = delete;
    ZstdBytes& operator=(const ZstdBytes&) = delete;

    ~ZstdBytes() override { ZSTD_freeDStream(stream_); }

    Result<std::size_t> read(std::span<char> into) override {
        ZSTD_outBuffer out{into.data(), into.size(), 0};
        while (out.pos == 0) {
            if (in_.pos == in_.size) {
                const std::size_t size = TRY(input_.refill());
                if (size == 0) {
                    if (in_frame_) {
                        return fail(ErrorCode::malformed, "compressed data ends too early");
                    }
                    return std::size_t{0};
                }
                in_ = {input_.buffer.data(), size, 0};
            }
            const std::size_t code = ZSTD_decompressStream(stream_, &out, &in_);
            if (ZSTD_isError(code) != 0) {
                return fail(
                    ErrorCode::malformed,
                    fmt::format("compressed data is damaged ({})", ZSTD_getErrorName(code)));
            }
            in_frame_ = code != 0;
        }
        return out.pos;
    }

  private:
    Input input_;
    ZSTD_DStream* stream_;
    ZSTD_inBuffer in_{nullptr, 0, 0};
    bool in_frame_ = false;
};

}  // namespace

FileBytes::FileBytes(Fd fd, Hashing hashing) : fd_(std::move(fd)), hashing_(hashing) {
    rewind_hash();
}

void FileBytes::rewind_hash() {
    position_ = 0;
    if (hashing_ == Hashing::stored_bytes) {
        hash_.emplace();
    }
}

std::optional<Sha256> FileBytes::take_hash() {
    if (!hash_) {
        return {};
    }
    const Sha256 hash = hash_->finish();
    hash_.reset();
    return hash;
}

Result<std::size_t> FileBytes::read(std::span<char> into) {
    const ssize_t size = ::read(fd_.number(), into.data(), into.size());
    if (size < 0) {
        const auto code = errno == EINTR ? ErrorCode::interrupted : ErrorCode::unreadable;
        return fail(code, std::strerror(errno));
    }
    position_ += static_cast<std::uint64_t>(size);
    if (hash_) {
        hash_->update({into.data(), static_cast<std::size_t>(size)});
    }
    return static_cast<std::size_t>(size);
}

void FileBytes::rewind() {
    ::lseek(fd_.number(), 0, SEEK_SET);
    rewind_hash();
}

void FileBytes::replace(Fd fd) {
    fd_ = std::move(fd);
    rewind_hash();
}

std::unique_ptr<ByteStream> open_gzip(ByteStream& from) {
    return std::make_unique<GzipBytes>(from);
}

std::unique_ptr<ByteStream> open_zstd(ByteStream& from) {
    return std::make_unique<ZstdBytes>(from);
}

}  // namespace mailvigil::ingest
