// What configuration files and scripts hold, for the record: read from this host and sealed once
// for each hash. Never mail, whatever name it stands under.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/recorder.h"
#include "base/result.h"
#include "base/time.h"
#include "event/event.h"
#include "mail/store_map.h"

namespace mailvigil::app {

inline constexpr std::size_t kContentBytesMax = 1024 * 1024;
inline constexpr std::size_t kContentPartBytes = 40'000;  ///< docs/evidence-format.md, "Contents"

struct Content {
    std::string path;
    std::string bytes;
    std::string sha256;  ///< hexadecimal
    std::uint64_t size = 0;
    Timestamp modified{};
    Timestamp changed{};
    bool secret = false;  ///< it holds a private key: its bytes are not kept
};

/// The content of a regular file of at most kContentBytesMax. Error: unsupported where it is mail,
/// no regular file or has other names; limit; unreadable.
Result<Content> read_content(const std::string& path, const mail::StoreMap& stores);

enum class ContentState : std::uint8_t { same, changed, first };

/// Records the content, unless the path's last record says the same. Bytes that are in the ledger
/// already are not recorded again, only that this path holds them.
Result<ContentState> record_content(const Content& content, Recorder& recorder);

/// Records what the configuration and the scripts hold that a finding, or the lineage of one,
/// names. What can't be read is left out: a recorded log may be of another host.
void record_named_contents(const Event& event, const mail::StoreMap& stores, Recorder& recorder);

}  // namespace mailvigil::app
