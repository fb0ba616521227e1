// One access as a row of numbers, and the blobs that hold the rows of a chunk: one for each bucket
// of mailboxes, rows by mailbox and leaf, column by column.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "evidence/index/packing.h"
#include "evidence/index/text_pool.h"

namespace mailvigil::evidence::index {

/// Leaves of one chunk at most.
inline constexpr std::uint64_t kChunkLeaves = 65'536;
inline constexpr std::size_t kBuckets = 256;

/// Numbers of an access; the first kOptionalNumbers may be absent.
enum class AccessNumber : std::uint8_t { session, pid, bytes, incident, count };
inline constexpr std::size_t kAccessNumbers = 5;
inline constexpr std::size_t kOptionalNumbers = 4;

enum class AccessText : std::uint8_t {
    mailbox,
    access_class,
    verdict,
    reason,
    who,
    executable,
    script,
    store,
    host,
};
inline constexpr std::size_t kAccessTexts = 9;

struct PackedAccess {
    std::uint64_t leaf = 0;
    std::int64_t first = 0;  ///< nanoseconds since 1970
    std::int64_t last = 0;
    std::array<std::uint64_t, kAccessNumbers> numbers{};
    std::array<TextId, kAccessTexts> texts{};
    std::uint8_t present = 0;  ///< a bit for each optional number
    std::uint8_t bucket = 0;   ///< of its mailbox

    [[nodiscard]] TextId mailbox() const { return texts[0]; }
};

/// The bucket of a mailbox, the same in every index.
std::uint8_t bucket_of(std::string_view mailbox);

/// Rows of events; keeps a buffer.
class AccessPacker {
  public:
    PackedAccess pack(std::uint64_t leaf, const Event& event, TextPool& pool);

  private:
    std::string scratch_;
};

/// The earliest last time in each block of leaves: what the times of a chunk's rows are counted
/// from, because blocks are short and so the differences small.
struct BlockTimes {
    std::uint64_t first_block = 0;
    std::vector<std::int64_t> times;

    [[nodiscard]] std::int64_t of(std::uint64_t leaf) const;
};

BlockTimes block_times(std::uint64_t first, std::uint64_t end, std::span<const PackedAccess> rows);
void pack(const BlockTimes& times, Packer& out);
Result<BlockTimes> unpack_times(std::string_view blob, std::uint64_t first, std::uint64_t end);

/// Ids in ascending order, without twins.
void pack(std::span<const TextId> ids, Packer& out);
Result<std::vector<TextId>> unpack_ids(std::string_view blob);

/// Packs and unpacks the rows of one bucket of one chunk; keeps buffers.
class BucketCodec {
  public:
    /// `rows` are by mailbox, then leaf; `first`: the first leaf of the chunk.
    void pack(std::span<const PackedAccess* const> rows,
              std::uint64_t first,
              const BlockTimes& times,
              Packer& out);

    /// Appends to `rows` those whose mailbox is wanted, by mailbox and leaf. Error: damaged.
    Result<void> unpack(std::string_view blob,
                        std::uint8_t bucket,
                        std::uint64_t first,
                        const BlockTimes& times,
                        const std::function<Result<bool>(TextId mailbox)>& wanted,
                        std::vector<PackedAccess>& rows);

  private:
    struct Slot {
        TextId id = 0;
        std::uint32_t stamp = 0;
        std::uint32_t place = 0;
    };

    void pack_texts(std::span<const PackedAccess* const> rows, std::size_t text, Packer& out);
    std::uint32_t place_of(TextId id);
    static void unpack_texts(Unpacker& in, std::size_t count, std::vector<std::uint64_t>& values);

    std::vector<std::uint64_t> values_;
    std::vector<std::uint64_t> again_;
    std::vector<Slot> slots_;
    std::vector<TextId> distinct_;
    std::uint32_t stamp_ = 0;
    std::array<std::vector<std::uint64_t>, 4 + kAccessNumbers + kAccessTexts> columns_;
};

}  // namespace mailvigil::evidence::index
