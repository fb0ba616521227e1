// ChunkStore: the tables of the accesses and of whom they are by. A chunk is up to 65,536 leaves in
// a row; its blobs ("parts") are written once, one behind the other, and are never changed.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "evidence/index/access_part.h"
#include "evidence/index/actor_part.h"
#include "evidence/index/database.h"
#include "evidence/index/entry.h"

namespace mailvigil::evidence::index {

struct Chunk {
    std::uint64_t id = 0;
    std::uint64_t first = 0;  ///< leaf
    std::uint64_t end = 0;    ///< behind its last leaf
    /// Of its accesses and findings; begins after its end where there are none.
    Extent extent{.begin = std::numeric_limits<std::int64_t>::max(),
                  .end = std::numeric_limits<std::int64_t>::min()};
    TextId text = kOwnTexts;  ///< lowest number of a text in it
};

class ChunkStore {
  public:
    static constexpr const char* kSchema =
        "CREATE TABLE chunk(id INTEGER PRIMARY KEY, first INTEGER NOT NULL,"
        " last INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,"
        " text INTEGER NOT NULL);"
        "CREATE TABLE part(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
        "CREATE TABLE text(id INTEGER PRIMARY KEY, value BLOB NOT NULL);";

    static Result<ChunkStore> open(Database& database);

    /// The chunks beyond leaf `first` that touch the span, by their leaves.
    Result<std::vector<Chunk>> chunks(std::uint64_t first, const TimeSpan& span);

    /// Adds a chunk. `rows` are in the order of leaves; `chunk` has leaves and extent.
    Result<void> write(Chunk chunk,
                       std::span<const PackedAccess> rows,
                       std::span<const ActorMark> marks);

    /// Puts small chunks at the end together once there are many.
    Result<void> merge_small();

    /// Drops the chunks that end before leaf `first`.
    Result<void> prune(std::uint64_t first);

    /// Accesses of one mailbox in one chunk, appended in the order of leaves.
    Result<void> accesses(const Chunk& chunk,
                          std::string_view mailbox,
                          std::vector<PackedAccess>& rows);

    /// The numbers of all mailboxes of the chunk that occur from leaf `first` on.
    Result<std::vector<TextId>> mailboxes(const Chunk& chunk, std::uint64_t first);

    /// Visits the blocks (absolute) that may have an actor of those keys.
    Result<void> blocks(const Chunk& chunk,
                        std::span<const std::uint16_t> keys,
                        const std::function<void(std::uint64_t)>& visit);

    Result<void> add_text(TextId id, std::string_view text);

    /// Visits the texts from number `from` on, in order.
    Result<void> texts(TextId from, const std::function<void(TextId, std::string_view)>& visit);
    Result<TextId> last_text();

    /// Forgets the texts below that number.
    Result<void> forget_texts(TextId below);

    /// Valid until forget_read_texts(). Error: damaged, where there is no such text.
    Result<std::string_view> text(TextId id);

    /// Lets go of what text() keeps, if that has become much.
    void forget_read_texts();

  private:
    ChunkStore() = default;

    static Result<Chunk> chunk_at(const Statement& row);
    Result<void> put_part(std::uint64_t chunk, std::size_t slot, std::string_view bytes);
    /// Calls `use` with the bytes of a part; not where there is no such part.
    Result<void> with_part(std::uint64_t chunk,
                           std::size_t slot,
                           const std::function<Result<void>(std::string_view)>& use);
    Result<void> put_rows(Chunk& chunk, std::span<const PackedAccess> rows);
    Result<void> put_marks(const Chunk& chunk, std::span<const ActorMark> marks);
    Result<BlockTimes> times(const Chunk& chunk);
    Result<void> all_rows(const Chunk& chunk, std::vector<PackedAccess>& rows);
    Result<void> all_marks(const Chunk& chunk, std::vector<ActorMark>& marks);
    Result<void> remove(const Chunk& chunk);
    Result<void> merge(std::span<const Chunk> chunks);

    Statement chunks_;
    Statement add_chunk_;
    Statement remove_chunk_;
    Statement part_;
    Statement add_part_;
    Statement remove_parts_;
    Statement text_;
    Statement add_text_;
    Statement texts_;
    Statement last_text_;
    Statement forget_texts_;
    BucketCodec codec_;
    Packer packer_;
    std::vector<std::uint64_t> order_;
    std::vector<std::uint64_t> sorted_;
    std::unordered_map<TextId, std::string> read_texts_;
    std::size_t read_bytes_ = 0;
};

}  // namespace mailvigil::evidence::index
