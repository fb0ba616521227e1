#include "ingest/adapter/linux_audit/path_resolver.h"

#include <fcntl.h>

#include <algorithm>
#include <functional>

#include "base/path_map.h"

namespace mailvigil::ingest::adapter::audit_log {

namespace {

constexpr std::uint32_t kCurrentDirectory = static_cast<std::uint32_t>(AT_FDCWD);

std::uint64_t node_of(const Assembly& assembly) {
    return assembly.node.empty() ? 0 : std::hash<std::string_view>{}(assembly.node);
}

ProcessKey process_of(const Assembly& assembly, std::uint32_t pid) {
    return node_of(assembly) * 0x9e3779b97f4a7c15U + pid;
}

InodeKey inode_of(const Assembly& assembly, const PathRecord& path) {
    return {node_of(assembly), path.device, path.inode};
}

bool takes_descriptor(const Assembly& assembly, std::size_t argument) {
    return argument < PathResolver::kNoArgument &&
           static_cast<std::uint32_t>(assembly.arguments[argument]) != kCurrentDirectory;
}

/// What is left of `path` before "/name"; empty: `path` doesn't end so.
std::string_view directory_before(std::string_view path, std::string_view name) {
    if (!path.ends_with(name) || path.size() <= name.size() ||
        path[path.size() - name.size() - 1] != '/') {
        return {};
    }
    return path.substr(0, std::max<std::size_t>(path.size() - name.size() - 1, 1));
}

/// The directory of a child that hier(7) has in one place, whose parent was not watched when it was
/// opened: home and its like, /tmp, and /var/mail, which a group or everybody may write to.
std::string_view well_known_parent(const PathRecord& path, std::string_view name) {
    constexpr std::string_view kTopLevel[] = {"etc", "home", "root", "srv", "usr", "var"};
    constexpr std::uint32_t kSetGroup = 02000;
    constexpr std::uint32_t kSticky = 01000;
    if (!path.is_directory() || path.owner != 0) {
        return {};
    }
    if (std::ranges::find(kTopLevel, name) != std::end(kTopLevel)) {
        return "/";
    }
    if (name == "mail" && (path.mode & (kSetGroup | kSticky)) != 0) {
        return "/var";
    }
    return name == "tmp" && (path.mode & kSticky) != 0 ? "/" : std::string_view();
}

}  // namespace

std::size_t PathResolver::directory_argument(const Assembly& assembly, Name which) {
    const std::string_view name = assembly.call.name;
    if (assembly.from_uring) {
        return kNoArgument;
    }
    if (name == "renameat" || name == "renameat2" || name == "linkat") {
        return which == Name::second ? 2 : 0;
    }
    if (name == "symlinkat") {
        return 1;
    }
    const bool takes_one = name.ends_with("at") || name == "openat2" || name == "fchmodat2";
    return takes_one ? 0 : kNoArgument;
}

std::string_view PathResolver::join(std::string_view directory,
                                    std::string_view name,
                                    Arena& arena) {
    scratch_.clear();
    if (name.starts_with('/') || directory.starts_with('/')) {
        normalise_path(directory, name, scratch_);
    } else {
        scratch_.append(directory).append(directory.empty() ? "" : "/").append(name);
    }
    return arena.copy(scratch_);
}

std::string_view PathResolver::parent_directory(const Assembly& assembly, Name which) const {
    const PathRecord* first = nullptr;
    const PathRecord* last = nullptr;
    for (const PathRecord& path : assembly.paths) {
        if (path.type == NameType::parent && path.has_inode) {
            first = first == nullptr || path.item < first->item ? &path : first;
            last = last == nullptr || path.item > last->item ? &path : last;
        }
    }
    const PathRecord* parent = which == Name::second ? last : first;
    return parent == nullptr ? std::string_view() : inodes_.find(inode_of(assembly, *parent));
}

// The kernel names the child of a directory descriptor by its last name only, and the working
// directory in the record has nothing to do with it.
std::string_view PathResolver::by_descriptor(const Assembly& assembly,
                                             const PathRecord& path,
                                             std::size_t argument,
                                             std::string_view name,
                                             Arena& arena) {
    // A descriptor is an int: of a 64-bit register the kernel takes the lower half.
    const auto descriptor = static_cast<std::int32_t>(assembly.arguments[argument]);
    const Name second = argument == 2 ? Name::second : Name::first;
    const ProcessKey process = process_of(assembly, assembly.pid);
    const ProcessKey parent = process_of(assembly, assembly.parent_pid);
    const DirectoryTable::Child child{name, path.is_directory(), path.owner};
    std::string_view opened = directories_.find(process, descriptor);
    if (!is_plausible(opened, child)) {
        opened = {};
    }
    // A file may have several names, a directory has one.
    if (path.has_inode && (child.is_directory || opened.empty())) {
        const std::string_view known = inodes_.find(inode_of(assembly, path));
        const std::string_view directory = directory_before(known, name);
        if (!directory.empty()) {
            directories_.learn(process, descriptor, directory);
            return arena.copy(known);
        }
    }
    if (opened.empty()) {
        opened = parent_directory(assembly, second);
        if (!opened.empty()) {
            directories_.learn(process, descriptor, opened);
        }
    }
    if (opened.empty()) {
        opened = directories_.find(parent, descriptor);
    }
    if (opened.empty() || !is_plausible(opened, child)) {
        opened = well_known_parent(path, name);
    }
    if (opened.empty()) {
        opened = directories_.guess(process, descriptor, child);
    }
    if (opened.empty()) {
        opened = directories_.guess(parent, descriptor, child);
    }
    return join(opened, name, arena);
}

std::string_view PathResolver::full_path(const Assembly& assembly,
                                         const PathRecord& path,
                                         std::size_t argument,
                                         Arena& arena) {
    const std::string_view name = decode_escaped(path.name, arena);
    if (name.empty()) {
        return path.has_inode ? arena.copy(inodes_.find(inode_of(assembly, path)))
                              : std::string_view();
    }
    if (name.size() > kNameBytesMax) {
        return name.substr(0, kNameBytesMax);
    }
    if (name[0] == '/') {
        return is_normal_path(name) ? name : join({}, name, arena);
    }
    if (takes_descriptor(assembly, argument)) {
        return by_descriptor(assembly, path, argument, name, arena);
    }
    const std::string_view full =
        join(decode_escaped(assembly.working_directory, arena), name, arena);
    // Of io_uring's operations no record tells the descriptor.
    if (assembly.from_uring && path.has_inode) {
        const std::string_view known = inodes_.find(inode_of(assembly, path));
        if (!directory_before(known, name).empty()) {
            return arena.copy(known);
        }
    } else if (path.has_inode && full.starts_with('/') && path.type != NameType::deleted) {
        inodes_.note(inode_of(assembly, path), full);
    }
    return full;
}

void PathResolver::learn(const Assembly& assembly, Arena& arena) {
    // For a name without slash the kernel writes the working directory as the name of its PARENT,
    // but the inode is that of the directory descriptor's.
    const bool parents_lie = takes_descriptor(assembly, directory_argument(assembly)) ||
                             takes_descriptor(assembly, directory_argument(assembly, Name::second));
    for (const PathRecord& path : assembly.paths) {
        if (!path.has_inode || path.type == NameType::unknown ||
            (parents_lie && path.type == NameType::parent)) {
            continue;
        }
        const InodeKey key = inode_of(assembly, path);
        if (path.type == NameType::deleted) {
            if (assembly.succeeded) {
                inodes_.forget(key);
            }
            continue;
        }
        const std::string_view name = decode_escaped(path.name, arena);
        if (name.empty() || name[0] != '/' || name.size() > kNameBytesMax) {
            continue;
        }
        if (is_normal_path(name)) {
            inodes_.note(key, name);
        } else {
            // The kernel ends the name of a PARENT with a slash.
            scratch_.clear();
            normalise_path({}, name, scratch_);
            inodes_.note(key, scratch_);
        }
    }
}

void PathResolver::opened(const Assembly& assembly,
                          const PathRecord& path,
                          std::string_view full_name) {
    const ProcessKey process = process_of(assembly, assembly.pid);
    // O_TMPFILE names a directory and opens a file without a name in it (open(2)).
    const bool unnamed = (assembly.open_flags() & 020000000U) != 0;
    if (path.is_directory() && !unnamed) {
        directories_.note(process, assembly.exit, {full_name, path.owner});
    } else {
        directories_.forget(process, assembly.exit);
    }
}

void PathResolver::removed(const Assembly& assembly,
                           const PathRecord& path,
                           std::string_view full_name) {
    if (path.is_directory()) {
        directories_.remove(process_of(assembly, assembly.pid), full_name);
    }
}

}  // namespace mailvigil::ingest::adapter::audit_log
