#include "evidence/sealed_segment.h"

#include <zstd.h>

#include "base/assert.h"
#include "base/crc32c.h"
#include "evidence/frame.h"

namespace mailvigil::evidence {

namespace {

constexpr std::uint32_t kSkippableMagic = 0x184D2A5E;
constexpr int kCompressionLevel = 1;
constexpr std::size_t kReadBytes = std::size_t{1} << 20U;
/// Synced in pieces: a sync of the open segment, which somebody waits for, may have to wait for
/// what this file has not on disk yet.
constexpr std::size_t kSyncBytes = std::size_t{1} << 20U;
constexpr std::size_t kBlockBytesMax = kBlockLeaves * (kLeafBytesMax + kFrameHeaderBytes);
/// Magic, length, first leaf, number of blocks; and behind the sizes: own length, check.
constexpr std::uint64_t kTableHeadBytes = 4 + 4 + 8 + 4;
constexpr std::uint64_t kTableTailBytes = 4 + 4;

class Compressor {
  public:
    Compressor() : context_(ZSTD_createCCtx()) {
        MV_ASSERT(context_ != nullptr);
        ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, kCompressionLevel);
        // Every record has its own check already, and so has the whole file.
        ZSTD_CCtx_setParameter(context_, ZSTD_c_checksumFlag, 0);
    }

    ~Compressor() { ZSTD_freeCCtx(context_); }

    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;

    void compress(std::string_view bytes, std::string& out) {
        out.resize(ZSTD_compressBound(bytes.size()));
        const std::size_t size =
            ZSTD_compress2(context_, out.data(), out.size(), bytes.data(), bytes.size());
        MV_ASSERT(ZSTD_isError(size) == 0);
        out.resize(size);
    }

  private:
    ZSTD_CCtx* context_;
};

/// Writes the `.zst` as blocks come.
class SealedWriter {
  public:
    SealedWriter(AppendFile& file, std::uint64_t first) : file_(file), first_(first) {}

    Result<void> add(std::string_view block) {
        compressor_.compress(block, compressed_);
        sizes_.push_back(static_cast<std::uint32_t>(compressed_.size()));
        return put(compressed_);
    }

    Result<void> finish() {
        const std::uint64_t length = kTableHeadBytes + 4 * sizes_.size() + kTableTailBytes;
        std::string table;
        append_u32(kSkippableMagic, table);
        append_u32(static_cast<std::uint32_t>(length - 8), table);
        append_u64(first_, table);
        append_u32(static_cast<std::uint32_t>(sizes_.size()), table);
        for (const std::uint32_t size : sizes_) {
            append_u32(size, table);
        }
        append_u32(static_cast<std::uint32_t>(length), table);
        TRY(put(table));
        std::string check;
        append_u32(check_, check);
        TRY(file_.append(check));
        return file_.sync();
    }

  private:
    Result<void> put(std::string_view bytes) {
        check_ = crc32c(bytes, check_);
        TRY(file_.append(bytes));
        unsynced_ += bytes.size();
        if (unsynced_ >= kSyncBytes) {
            TRY(file_.sync());
            unsynced_ = 0;
        }
        return {};
    }

    AppendFile& file_;
    std::uint64_t first_;
    Compressor compressor_;
    std::string compressed_;
    std::vector<std::uint32_t> sizes_;
    std::uint32_t check_ = 0;
    std::size_t unsynced_ = 0;
};

/// Cuts a row of frames into blocks and gives each to `writer`.
Result<void> compress_log(Disk& disk,
                          const std::string& path,
                          std::uint64_t first,
                          SealedWriter& writer) {
    std::string window;  // from the beginning of a block on
    std::uint64_t offset = 0;
    std::uint64_t leaves = 0;
    for (;;) {
        const std::string more = TRY(disk.read(path, offset + window.size(), kReadBytes));
        window += more;
        FrameReader frames(window);
        std::uint64_t block_start = 0;
        std::uint64_t in_block = 0;
        std::string_view leaf;
        while (frames.next(leaf)) {
            ++leaves;
            if (++in_block == kBlockLeaves) {
                TRY(writer.add(
                    std::string_view(window).substr(block_start, frames.offset() - block_start)));
                block_start = frames.offset();
                in_block = 0;
            }
        }
        if (more.empty()) {
            if (!frames.at_end() || in_block != 0) {
                return fail(
                    ErrorCode::malformed,
                    fmt::format("{}: not whole blocks of good records",
                                describe_place(path, first + leaves, offset + frames.offset())));
            }
            return {};
        }
        leaves -= in_block;
        window.erase(0, block_start);
        offset += block_start;
    }
}

Result<void> write_sealed(Disk& disk,
                          const std::string& log,
                          const std::string& draft,
                          std::uint64_t first) {
    const auto file = TRY(disk.open_append(draft));
    TRY(file->truncate(0));
    SealedWriter writer(*file, first);
    TRY(compress_log(disk, log, first, writer));
    return writer.finish();
}

}  // namespace

Result<void> seal_segment(Disk& disk, const Layout& layout, std::uint64_t first) {
    const std::string log = layout.log(first);
    const std::string sealed = layout.sealed(first);
    const std::string draft = sealed + ".new";
    if (const auto written = write_sealed(disk, log, draft, first); !written) {
        // What failed for lack of room must not take more of it; the next try makes it anew.
        (void)disk.remove(draft);
        return written;
    }
    TRY(disk.rename(draft, sealed));
    TRY(disk.sync_folder(layout.segments()));
    TRY(disk.remove(log));
    return disk.sync_folder(layout.segments());
}

Result<SealedTable> read_sealed_table(Disk& disk, const std::string& path) {
    const auto damaged = [&](std::string_view what) {
        return fail(ErrorCode::malformed, fmt::format("{}: {}", path, what));
    };
    SealedTable table;
    table.file_bytes = TRY(disk.size(path));
    if (table.file_bytes < kTableHeadBytes + kTableTailBytes) {
        return damaged("too short for a sealed segment");
    }
    const std::string tail =
        TRY(disk.read(path, table.file_bytes - kTableTailBytes, kTableTailBytes));
    if (tail.size() != kTableTailBytes) {
        return damaged("too short for a sealed segment");
    }
    const std::uint64_t length = u32_at(tail, 0);
    if (length <= kTableHeadBytes + kTableTailBytes || length > table.file_bytes ||
        length > kTableHeadBytes + 4 * kSegmentBlocksMax + kTableTailBytes) {
        return damaged("the list of blocks has a wrong length");
    }
    const std::string bytes = TRY(disk.read(path, table.file_bytes - length, length));
    const std::uint64_t blocks = bytes.size() == length ? u32_at(bytes, 16) : 0;
    if (bytes.size() != length || u32_at(bytes, 0) != kSkippableMagic ||
        u32_at(bytes, 4) != length - 8 ||
        length != kTableHeadBytes + 4 * blocks + kTableTailBytes) {
        return damaged("the list of blocks is not one");
    }
    table.first = u64_at(bytes, 8);
    std::uint64_t offset = 0;
    for (std::uint64_t i = 0; i < blocks; ++i) {
        table.offsets.push_back(offset);
        const std::uint32_t size = u32_at(bytes, kTableHeadBytes + 4 * i);
        if (size == 0 || size > ZSTD_compressBound(kBlockBytesMax)) {
            return damaged("the list of blocks has one that no block can be");
        }
        offset += size;
    }
    table.offsets.push_back(offset);
    if (offset != table.file_bytes - length) {
        return damaged("the list of blocks does not add up to the file");
    }
    return table;
}

BlockDecompressor::BlockDecompressor() : context_(ZSTD_createDCtx()) {
    MV_ASSERT(context_ != nullptr);
}

BlockDecompressor::~BlockDecompressor() {
    ZSTD_freeDCtx(context_);
}

Result<void> BlockDecompressor::decompress(std::string_view compressed, std::string& out) {
    const unsigned long long size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR ||
        size > kBlockBytesMax) {
        return fail(ErrorCode::malformed, "no compressed block");
    }
    out.resize(size);
    const std::size_t got =
        ZSTD_decompressDCtx(context_, out.data(), out.size(), compressed.data(), compressed.size());
    if (ZSTD_isError(got) != 0 || got != size) {
        return fail(ErrorCode::malformed, "the compressed block is damaged");
    }
    return {};
}

}  // namespace mailvigil::evidence
