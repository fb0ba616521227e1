// What a command line does with files and with the network, by each tool's own argument grammar.
// The grammars are data: rules/tools/*.yml. Nothing is run, no file is read; a command line is a
// claim of the process that made it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/diagnostics.h"
#include "base/yaml.h"

namespace mailvigil::detect {

/// What a tool is used for by one command line.
enum class Act : std::uint8_t {
    upload,     ///< sends content to another host: curl -T, wget --post-file, nc host port, rclone
                ///< copy
    submit,     ///< hands a message to a mail system: sendmail, mail, mutt -a
    transfer,   ///< copies files to or from another host: scp, rsync, sftp
    serve,      ///< offers content for others to fetch: nc -l, python3 -m http.server
    archive,    ///< puts files into one: tar c, zip, cpio
    compress,   ///< gzip, xz, zstd
    encode,     ///< base64, xxd, uuencode
    encrypt,    ///< openssl enc, gpg -c, age
    copy,       ///< cp, mv, install, dd, ln, tee
    read,       ///< cat, head, less, grep, strings: content to standard output
    enumerate,  ///< find, ls, tree, du: names only
    download,   ///< fetches content from another host, sends none
    inspect,    ///< runs and sends nothing: curl --version, tar t
};

std::string_view to_text(Act act);

/// One reading of a command line. Paths are as given, not joined with the working directory.
struct CommandUse {
    std::string_view tool;  ///< name in rules/tools/, e.g. "curl"; borrowed from the CommandTable
    Act act = Act::inspect;
    std::vector<std::string> sources;  ///< files whose content it takes
    std::vector<std::string> outputs;  ///< files it writes
    std::string
        destination;  ///< URL, host[:port], host:path or recipients, as given; empty: none in argv
    bool standard_input = false;   ///< content comes from standard input
    bool standard_output = false;  ///< content goes to standard output
    bool in_arguments = false;     ///< content stands in the arguments themselves (curl -d secret)
    bool opaque =
        false;  ///< what is sent stands in a file that argv only names (curl -K f, sftp -b f)
    std::string because;  ///< the deciding argument in a few words: "-T bob.mbox: sends the file"
};

/// What `analyse` gets to know of a process.
struct CommandInput {
    std::string_view executable;  ///< path of the program; empty: not known
    std::span<const std::string_view> args;
    std::string_view known_as;  ///< name of a tool of which the executable is known to be a copy;
                                ///< empty: judge by name
};

class CommandTable {
  public:
    CommandTable();
    ~CommandTable();
    CommandTable(CommandTable&&) noexcept;
    CommandTable& operator=(CommandTable&&) noexcept;

    /// Adds the tool of one rules/tools/*.yml document; a tool of the same name is replaced. Bad
    /// parts are reported and left out.
    void add(const yaml::Node& document, std::string_view source, Diagnostics& diagnostics);

    /// Everything that the command line does; empty: no known tool. Most important (highest in Act)
    /// first. Shells given a script with -c, and interpreters given one with -c/-e/-r, are looked
    /// into (`/dev/tcp/…`, sockets, HTTP and SMTP modules).
    [[nodiscard]] std::vector<CommandUse> analyse(const CommandInput& input) const;

    /// The tool's name for a program path or argv[0]; empty: none.
    [[nodiscard]] std::string_view tool_of(std::string_view executable) const;

    /// Names of all tools, sorted.
    [[nodiscard]] std::vector<std::string_view> names() const;

  private:
    struct Tables;
    std::unique_ptr<Tables> tables_;
};

}  // namespace mailvigil::detect
