// PathResolver: the full name of what a PATH record names: relative to the working directory, to a
// directory descriptor, or by inode alone.
#pragma once

#include <string>
#include <string_view>

#include "ingest/adapter/linux_audit/assembly.h"
#include "ingest/adapter/linux_audit/directory_table.h"
#include "ingest/adapter/linux_audit/inode_names.h"

namespace mailvigil::ingest::adapter::audit_log {

class PathResolver {
  public:
    /// Longer names are cut here.
    static constexpr std::size_t kNameBytesMax = 64 * 1024;
    /// No register holds a directory descriptor.
    static constexpr std::size_t kNoArgument = 4;

    enum class Name : std::uint8_t { first, second };

    /// Which register holds the directory descriptor of that name of the call.
    static std::size_t directory_argument(const Assembly& assembly, Name which = Name::first);

    /// The full name; `argument`: which register holds the directory descriptor. A name whose
    /// directory is not known stays relative; empty: nothing is known. Lives in `arena`, or as long
    /// as the record.
    std::string_view full_path(const Assembly& assembly,
                               const PathRecord& path,
                               std::size_t argument,
                               Arena& arena);

    /// Learns from the records of a call on files which inodes the full names in it are.
    void learn(const Assembly& assembly, Arena& arena);

    /// The call opened the file of that full name.
    void opened(const Assembly& assembly, const PathRecord& path, std::string_view full_name);
    /// The call removed it.
    void removed(const Assembly& assembly, const PathRecord& path, std::string_view full_name);

  private:
    std::string_view by_descriptor(const Assembly& assembly,
                                   const PathRecord& path,
                                   std::size_t argument,
                                   std::string_view name,
                                   Arena& arena);
    [[nodiscard]] std::string_view parent_directory(const Assembly& assembly, Name which) const;
    std::string_view join(std::string_view directory, std::string_view name, Arena& arena);

    DirectoryTable directories_;
    InodeNames inodes_;
    std::string scratch_;
};

}  // namespace mailvigil::ingest::adapter::audit_log
