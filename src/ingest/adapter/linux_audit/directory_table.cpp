#include "ingest/adapter/linux_audit/directory_table.h"

#include <algorithm>

namespace mailvigil::ingest::adapter::audit_log {

namespace {

/// A Maildir's leaves: cur, new, tmp.
bool is_leaf(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    return name == "cur" || name == "new" || name == "tmp";
}

bool is_at_or_above(std::string_view directory, std::string_view path) {
    return path.starts_with(directory) &&
           (path.size() == directory.size() || directory.ends_with('/') ||
            path[directory.size()] == '/');
}

std::string_view parent_of(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view()
                                           : path.substr(0, std::max<std::size_t>(slash, 1));
}

}  // namespace

bool is_plausible(std::string_view directory, const DirectoryTable::Child& child) {
    return !child.is_directory || !is_leaf(directory) || directory == "/tmp" ||
           directory == "/var/tmp";
}

// In a user's directory lie directories of that user; anybody's may lie in one of root's.
bool DirectoryTable::Opened::fits(const Child& child) const {
    return is_plausible(path, child) && (!child.is_directory || owner == 0 || owner == child.owner);
}

std::size_t DirectoryTable::index(ProcessKey process, std::int64_t descriptor) {
    const std::uint64_t key = (process << 20U) ^ static_cast<std::uint64_t>(descriptor + 1);
    return (key * 0x9e3779b97f4a7c15U) >> 51U;
}

static_assert(DirectoryTable::kSlots == std::size_t{1} << (64U - 51U));

DirectoryTable::Walk* DirectoryTable::walk_of(ProcessKey process) {
    Walk& walk = walks_[(process * 0x9e3779b97f4a7c15U) >> 54U];
    return walk.process == process ? &walk : nullptr;
}

static_assert(DirectoryTable::kWalks == std::size_t{1} << (64U - 54U));

DirectoryTable::Walk& DirectoryTable::start_walk(ProcessKey process) {
    Walk& walk = walks_[(process * 0x9e3779b97f4a7c15U) >> 54U];
    if (walk.process != process) {
        walk = {};
        walk.process = process;
    }
    return walk;
}

void DirectoryTable::learn(ProcessKey process, std::int64_t descriptor, std::string_view path) {
    Slot& slot = slots_[index(process, descriptor)];
    slot.process = process;
    slot.descriptor = descriptor;
    slot.path.assign(path);
}

void DirectoryTable::note(ProcessKey process, std::int64_t descriptor, const Directory& directory) {
    const std::string_view path = directory.path;
    learn(process, descriptor, path);
    Walk& walk = start_walk(process);
    Opened& latest = walk.recent[walk.next++ % kRecentMax];
    latest.path.assign(path);
    latest.owner = directory.owner;
    // A walk that opens a directory has left all those that are not above it; their descriptors go
    // to others.
    const std::string_view parent = parent_of(path);
    for (Guess& guess : walk.guesses) {
        if (guess.descriptor == descriptor || !is_at_or_above(guess.directory.path, parent)) {
            guess.descriptor = -1;
        }
    }
}

void DirectoryTable::forget(ProcessKey process, std::int64_t descriptor) {
    Slot& slot = slots_[index(process, descriptor)];
    if (slot.process == process && slot.descriptor == descriptor) {
        slot.path.clear();
    }
}

void DirectoryTable::remove(ProcessKey process, std::string_view path) {
    if (Walk* walk = walk_of(process)) {
        for (Opened& recent : walk->recent) {
            if (is_at_or_above(path, recent.path)) {
                recent.path.clear();
            }
        }
    }
}

std::string_view DirectoryTable::find(ProcessKey process, std::int64_t descriptor) const {
    const Slot& slot = slots_[index(process, descriptor)];
    return slot.process == process && slot.descriptor == descriptor ? std::string_view(slot.path)
                                                                    : std::string_view();
}

std::string_view DirectoryTable::guess(ProcessKey process,
                                       std::int64_t descriptor,
                                       const Child& child) {
    Walk* walk = walk_of(process);
    if (walk == nullptr) {
        return {};
    }
    for (const Guess& guess : walk->guesses) {
        if (guess.descriptor == descriptor && guess.directory.fits(child)) {
            return guess.directory.path;
        }
    }
    for (std::size_t back = 1; back <= std::min(walk->next, kRecentMax); ++back) {
        const Opened& recent = walk->recent[(walk->next - back) % kRecentMax];
        if (!recent.path.empty() && recent.fits(child)) {
            const auto same = std::ranges::find(walk->guesses, descriptor, &Guess::descriptor);
            Guess& guess = same != walk->guesses.end()
                               ? *same
                               : walk->guesses[walk->next_guess++ % kGuessesMax];
            guess.descriptor = descriptor;
            guess.directory = recent;
            return guess.directory.path;
        }
    }
    return {};
}

}  // namespace mailvigil::ingest::adapter::audit_log
