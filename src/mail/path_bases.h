// PathBases: the directories that a catalogue's paths start from. `~/mbox` or `{spool}/{user}` in a
// catalogue stand for one pattern below each home or spool that this kind of host may have.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/result.h"
#include "base/yaml.h"

namespace mailvigil::mail {

/// A place in a document that a pattern was written at; line 0: in no document.
struct WrittenAt {
    std::uint32_t line = 0;
    std::uint32_t column = 0;
};

class PathBases {
  public:
    static constexpr std::size_t kPathsMax = 256;  ///< of one base

    struct Path {
        std::string path;
        std::string owner;  ///< whose directory it is where the path itself does not say (/root);
                            ///< mostly empty
    };

    /// From the mapping `bases` of a catalogue: a name and its list of paths, or of {path, owner}.
    /// Null: no bases.
    static PathBases read(const yaml::Node* node,
                          std::string_view source,
                          Diagnostics& diagnostics);

    /// The patterns that `path` stands for: one below each path of the base it starts with
    /// (`{name}` or, for home, `~`), itself when it starts with none. Fails on an unknown base,
    /// with a suggestion.
    [[nodiscard]] Result<std::vector<Path>> expand(std::string_view path) const;

  private:
    struct Base {
        std::string name;
        std::vector<Path> paths;
    };

    std::vector<Base> bases_;
};

}  // namespace mailvigil::mail
