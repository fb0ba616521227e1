#include "detect/group.h"

namespace mailvigil::detect {

GroupKey group_of(const lineage::Process& process, const lineage::Lineage& lineage) {
    if (process.session.value != kUnset) {
        return {process.session.value, {}};
    }
    return {kUnset, lineage.tree_root(process).self};
}

bool in_scratch(std::string_view path) {
    return path.starts_with("/tmp/") || path.starts_with("/var/tmp/") ||
           path.starts_with("/dev/shm/") || path.starts_with("/run/user/") ||
           path.starts_with("memfd:") || path.ends_with(" (deleted)");
}

}  // namespace mailvigil::detect
