#include "evidence/segment_scan.h"

#include <algorithm>

#include "base/crc32c.h"
#include "evidence/frame.h"
#include "evidence/sealed_segment.h"

namespace mailvigil::evidence {

namespace {

constexpr std::uint64_t kReadBytes = std::uint64_t{1} << 20U;

class Scanner {
  public:
    Scanner(Disk& disk,
            const Layout& layout,
            const SegmentName& segment,
            bool last,
            std::span<const std::uint64_t> sizes)
        : disk_(disk),
          segment_(segment),
          path_(segment.has_log ? layout.log(segment.first) : layout.sealed(segment.first)),
          last_(last),
          sizes_(sizes) {
        scan_.first = segment.first;
    }

    SegmentScan run() {
        const Result<void> result = segment_.has_log ? scan_log() : scan_sealed();
        if (!result) {
            damaged(scan_.leaves, 0, result.error().message);
        }
        scan_.rest = std::move(hashes_);
        return std::move(scan_);
    }

  private:
    void damaged(std::uint64_t leaf, std::uint64_t offset, std::string what) {
        scan_.damages.push_back(
            {describe_place(path_, segment_.first + leaf, offset), std::move(what)});
    }

    void take(std::string_view leaf) {
        const std::uint64_t number = segment_.first + scan_.leaves++;
        hashes_.push_back(leaf_hash(leaf));
        if (may_be_seal(leaf)) {
            take_seal(number, leaf);
        }
        if (hashes_.size() == kBlockLeaves) {
            finish_block(number / kBlockLeaves);
        }
    }

    void take_seal(std::uint64_t number, std::string_view leaf) {
        auto seal = parse_seal(number, leaf);
        if (!seal) {
            damaged(number - segment_.first, 0, seal.error().message);
        } else if (*seal) {
            scan_.seals.push_back(std::move(**seal));
        }
    }

    void finish_block(std::uint64_t block) {
        const auto inside = std::ranges::upper_bound(sizes_, block * kBlockLeaves);
        if (inside != sizes_.end() && *inside < (block + 1) * kBlockLeaves) {
            scan_.blocks[block] = hashes_;
        }
        for (std::size_t count = hashes_.size(); count > 1; count /= 2) {
            for (std::size_t i = 0; i < count / 2; ++i) {
                hashes_[i] = node_hash(hashes_[2 * i], hashes_[2 * i + 1]);
            }
        }
        scan_.block_roots.push_back(hashes_.front());
        hashes_.clear();
    }

    Result<void> scan_log() {
        std::string window;
        std::uint64_t offset = 0;
        for (;;) {
            const std::string more = TRY(disk_.read(path_, offset + window.size(), kReadBytes));
            window += more;
            FrameReader frames(window);
            std::string_view leaf;
            while (frames.next(leaf)) {
                take(leaf);
            }
            offset += frames.offset();
            if (!frames.at_end() && !frames.is_cut_off()) {
                damaged(scan_.leaves, offset, "the record does not match its check");
                return {};
            }
            window.erase(0, frames.offset());
            if (more.empty()) {
                break;
            }
        }
        if (!window.empty() && !last_) {
            damaged(scan_.leaves, offset, "the record is cut off");
        }
        scan_.unfinished_bytes = last_ ? window.size() : 0;
        return {};
    }

    Result<void> scan_sealed() {
        const SealedTable table = TRY(read_sealed_table(disk_, path_));
        if (table.first != segment_.first) {
            damaged(0, 0, fmt::format("the file says that it begins with record {}", table.first));
        }
        std::uint32_t check = 0;
        std::string frames;
        bool whole = true;
        // Many blocks a read: a block is a few kB.
        for (std::uint64_t block = 0; block < table.blocks();) {
            const std::uint64_t begin = table.offsets[block];
            std::uint64_t after = block + 1;
            while (after < table.blocks() && table.offsets[after + 1] - begin <= kReadBytes) {
                ++after;
            }
            const std::string compressed =
                TRY(disk_.read(path_, begin, table.offsets[after] - begin));
            check = crc32c(compressed, check);
            for (; block < after; ++block) {
                const std::uint64_t offset = table.offsets[block];
                const std::string_view one =
                    std::string_view(compressed)
                        .substr(offset - begin, table.offsets[block + 1] - offset);
                whole = whole && take_block(one, offset, frames);
            }
        }
        const std::uint64_t end = table.offsets.back();
        const std::string list = TRY(disk_.read(path_, end, table.file_bytes - end));
        const std::string_view checked = std::string_view(list).substr(0, list.size() - 4);
        if (crc32c(checked, check) != u32_at(list, list.size() - 4)) {
            damaged(0, 0, "the file does not match its check");
        }
        return {};
    }

    /// False: what follows has lost its numbers.
    bool take_block(std::string_view compressed, std::uint64_t offset, std::string& frames) {
        const Result<void> inflated = decompressor_.decompress(compressed, frames);
        if (!inflated) {
            damaged(scan_.leaves, offset, inflated.error().message);
            return false;
        }
        FrameReader reader(frames);
        std::string_view leaf;
        std::uint64_t count = 0;
        while (reader.next(leaf)) {
            take(leaf);
            ++count;
        }
        if (count != kBlockLeaves || !reader.at_end()) {
            damaged(scan_.leaves,
                    offset,
                    "the block does not hold 256 whole records that match their checks");
            return false;
        }
        return true;
    }

    Disk& disk_;
    const SegmentName& segment_;
    std::string path_;
    bool last_;
    std::span<const std::uint64_t> sizes_;
    SegmentScan scan_;
    std::vector<Hash> hashes_;
    BlockDecompressor decompressor_;
};

}  // namespace

SegmentScan scan_segment(Disk& disk,
                         const Layout& layout,
                         const SegmentName& segment,
                         bool last,
                         std::span<const std::uint64_t> sizes) {
    return Scanner(disk, layout, segment, last, sizes).run();
}

}  // namespace mailvigil::evidence
