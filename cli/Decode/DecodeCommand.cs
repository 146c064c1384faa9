using System.CommandLine;
using OfflineRL.Ingest;

namespace OfflineRL.Cli.Decode;

/// <summary><c>offlinerl decode</c>, which imports run to read a stranger's file in a process of its own; not for people.</summary>
static class DecodeCommand
{
    public static Command Create()
    {
        var command = new Command("decode", "Decodes files for an import, within limits; the tool starts it by itself.") { Hidden = true };
        command.SetAction(_ => DecodeHost.Run(Console.In, Console.Out));
        return command;
    }
}
