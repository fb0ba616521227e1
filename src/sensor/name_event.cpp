#include "sensor/name_event.h"

#include <fcntl.h>
#include <sys/fanotify.h>

#include <cstring>

namespace mailvigil::sensor {

namespace {

/// What Debian 12's headers may lack: linux/fanotify.h.
constexpr std::uint8_t kFid = 1;
constexpr std::uint8_t kDfidName = 2;
constexpr std::uint8_t kDfid = 3;
constexpr std::uint8_t kOldName = 10;
constexpr std::uint8_t kNewName = 12;

constexpr std::size_t kHandleBytesMax = 128;  ///< MAX_HANDLE_SZ

/// One information record: header, f_fsid, struct file_handle, and a name where its kind has one.
bool parse_record(std::span<const std::byte> record, HandleName& out) {
    constexpr std::size_t kHeader = 4;
    constexpr std::size_t kFsid = 8;
    constexpr std::size_t kHandleHeader = 8;  // handle_bytes, handle_type
    if (record.size() < kHeader + kFsid + kHandleHeader) {
        return false;
    }
    std::memcpy(&out.file_system, record.data() + kHeader, kFsid);
    const std::span<const std::byte> handle = record.subspan(kHeader + kFsid);
    std::uint32_t bytes = 0;
    std::memcpy(&bytes, handle.data(), sizeof(bytes));
    if (bytes > kHandleBytesMax || kHandleHeader + bytes > handle.size()) {
        return false;
    }
    out.handle.assign(reinterpret_cast<const char*>(handle.data()), kHandleHeader + bytes);
    const std::span<const std::byte> rest = handle.subspan(kHandleHeader + bytes);
    const std::string_view name(reinterpret_cast<const char*>(rest.data()), rest.size());
    out.name = name.substr(0, name.find('\0'));
    return true;
}

bool parse_records(std::span<const std::byte> records, NameEvent& event) {
    while (records.size() >= 4) {
        const auto kind = static_cast<std::uint8_t>(records[0]);
        std::uint16_t size = 0;
        std::memcpy(&size, records.data() + 2, sizeof(size));
        if (size < 4 || size > records.size()) {
            return false;
        }
        const std::span<const std::byte> record = records.first(size);
        bool good = true;
        if (kind == kFid) {
            good = parse_record(record, event.file);
            event.file.name = {};
        } else if (kind == kDfidName || kind == kOldName || kind == kDfid) {
            good = parse_record(record, event.place);
        } else if (kind == kNewName) {
            good = parse_record(record, event.moved);
        }
        if (!good) {
            return false;
        }
        records = records.subspan(size);
    }
    return true;
}

}  // namespace

std::size_t parse_name_events(std::span<const std::byte> bytes,
                              const std::function<void(const NameEvent&)>& sink) {
    std::size_t malformed = 0;
    while (bytes.size() >= sizeof(fanotify_event_metadata)) {
        fanotify_event_metadata head{};
        std::memcpy(&head, bytes.data(), sizeof(head));
        if (head.event_len < sizeof(head) || head.event_len > bytes.size() ||
            head.metadata_len < sizeof(head) || head.metadata_len > head.event_len ||
            head.vers != FANOTIFY_METADATA_VERSION) {
            return malformed + 1;
        }
        NameEvent event;
        event.mask = head.mask;
        event.pid = head.pid;
        const std::span<const std::byte> records =
            bytes.subspan(head.metadata_len, head.event_len - head.metadata_len);
        if (parse_records(records, event)) {
            sink(event);
        } else {
            ++malformed;
        }
        bytes = bytes.subspan(head.event_len);
    }
    return malformed;
}

}  // namespace mailvigil::sensor
