#include "ingest/adapter/linux_audit/directory_table.h"

namespace mailvigil::ingest::adapter::audit_log {

std::size_t DirectoryTable::index(std::uint32_t pid, std::int64_t descriptor) {
    const std::uint64_t key =
        (std::uint64_t{pid} << 20U) ^ static_cast<std::uint64_t>(descriptor + 1);
    return (key * 0x9e3779b97f4a7c15U) >> 51U;
}

static_assert(DirectoryTable::kSlots == std::size_t{1} << (64U - 51U));

void DirectoryTable::put(std::uint32_t pid, std::int64_t descriptor, std::string_view path) {
    Slot& slot = slots_[index(pid, descriptor)];
    slot.pid = pid;
    slot.descriptor = descriptor;
    slot.path.assign(path);
}

std::string_view DirectoryTable::at(std::uint32_t pid, std::int64_t descriptor) const {
    const Slot& slot = slots_[index(pid, descriptor)];
    return slot.pid == pid && slot.descriptor == descriptor ? std::string_view(slot.path)
                                                            : std::string_view();
}

void DirectoryTable::note(std::uint32_t pid, std::int64_t descriptor, std::string_view path) {
    put(pid, descriptor, path);
    put(pid, kLastOpened, path);
}

std::string_view DirectoryTable::find(std::uint32_t pid, std::int64_t descriptor) const {
    const std::string_view known = at(pid, descriptor);
    return known.empty() ? at(pid, kLastOpened) : known;
}

}  // namespace mailvigil::ingest::adapter::audit_log
