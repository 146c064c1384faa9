using System.ComponentModel;
using OfflineRL.Datasets;

namespace OfflineRL.Environments;

static partial class Throw
{
    public static UserErrorException External(string id, string what, string advice, ExternalCommand command, string lastWords) =>
        new($"Environment '{id}': the server {what}.{(advice.Length > 0 ? " " + advice : "")} Command: {command}."
            + (lastWords.Length > 0 ? $" Its last words:\n  {lastWords.Replace("\n", "\n  ", StringComparison.Ordinal)}" : ""));

    public static UserErrorException ExternalBatch(string id, int count, int most) =>
        new($"Environment '{id}': a batch of {count} instances was asked for; an external environment has at most {most}. Make the batch smaller.");

    public static UserErrorException ExternalFolder(string id, string folder) =>
        new($"Environment '{id}': the working folder '{folder}' does not exist. Make it, or name another with 'folder'.");

    public static UserErrorException ExternalProgram(string id, ExternalCommand command) =>
        new($"Environment '{id}': the program '{command.Words[0]}' was not found{(command.Words[0].Contains('/', StringComparison.Ordinal) ? "" : " in PATH")}. Install it, or name its path. Command: {command}.");

    public static UserErrorException ExternalStart(string id, ExternalCommand command, Win32Exception e) =>
        new($"Environment '{id}': the server cannot be started ({e.Message.TrimEnd('.')}). Check that the program may be executed. Command: {command}.", e);

    public static UserErrorException ExternalName(string id, string example) =>
        new($"Environment '{id}': nothing stands after the colon; expected a name, for example {example}.");

    public static UserErrorException ExternalFile(string id, string path) =>
        new($"Environment '{id}': the file '{path}' does not exist. Name a YAML file that says how the simulator is started, for example with 'command: [python3, my_server.py]'.");
}
