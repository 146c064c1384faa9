using System.CommandLine;

namespace OfflineRL.Cli.Environments;

/// <summary><c>offlinerl environments</c>.</summary>
static class EnvironmentsCommand
{
    public static Command Create() => new("environments", """
        Shows the environments that can be recorded and evaluated, and draws their episodes.

        Examples:
          offlinerl environments list CartPole-v1
          offlinerl environments draw CartPole-v1 --out cartpole.png
        """)
    {
        ListCommand.Create(),
        DrawCommand.Create(),
    };
}
