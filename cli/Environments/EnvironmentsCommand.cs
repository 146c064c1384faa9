using System.CommandLine;

namespace OfflineRL.Cli.Environments;

/// <summary><c>offlinerl environments</c>.</summary>
static class EnvironmentsCommand
{
    public static Command Create() => new("environments", """
        Shows the environments that can be recorded and evaluated.

        Example:
          offlinerl environments list CartPole-v1
        """)
    {
        ListCommand.Create(),
    };
}
