// What an Index holds. For its own sources only.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "evidence/index.h"
#include "evidence/index/access_part.h"
#include "evidence/index/actor_part.h"
#include "evidence/index/chunk_store.h"
#include "evidence/index/database.h"
#include "evidence/index/entry.h"
#include "evidence/index/entry_store.h"
#include "evidence/index/text_pool.h"

namespace mailvigil::evidence {

struct Index::State {
    /// The open file. Statements go before the database.
    struct File {
        index::Database database;
        index::ChunkStore chunks;
        index::EntryStore entries;
    };

    /// Leaves that were added and are not written yet.
    struct Waiting {
        index::TextPool pool{1};
        index::TextId written_texts = 1;  ///< those below are in the table
        index::AccessPacker packer;
        std::vector<index::PackedAccess> accesses;
        std::vector<index::Entry> entries;
        index::ActorMarks marks;
        std::uint64_t next = 0;
        std::uint64_t last_incident = 0;
    };

    State(std::string file_path, Mode file_mode) : path(std::move(file_path)), mode(file_mode) {}

    Result<void> write_chunk(std::uint64_t end);
    Result<void> write_texts();
    void drop_written(std::uint64_t end);

    std::string path;
    Mode mode;
    std::unique_ptr<File> file;
    index::Reach reach;
    Waiting waiting;
};

}  // namespace mailvigil::evidence
