using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>How environments in other processes are named.</summary>
static class ExternalSchemes
{
    const string PythonVariable = "OFFLINERL_PYTHON";
    const string External = "external";
    const string Gymnasium = "gymnasium";

    public static IReadOnlyList<EnvironmentScheme> All { get; } =
    [
        new(External, "external:FILE.yaml", "A simulator of your own that speaks the protocol of ingest/Environments/External/PROTOCOL.md, as the file describes it.", OpenFile),
        new(Gymnasium, "gymnasium:ENV_ID", "A Gymnasium environment: a registered id, package.module:Class, or FILE.py:Class.", OpenGymnasium),
    ];

    /// <summary>Starts the Python server that comes with the tool; the interpreter is that of OFFLINERL_PYTHON, or python3.</summary>
    public static ExternalCommand Python(string? interpreter = null) => new()
    {
        Words = [interpreter ?? (Environment.GetEnvironmentVariable(PythonVariable) is { Length: > 0 } named ? named : "python3"), Server("python", "offlinerl_server.py")],
    };

    /// <summary>The path of a server that comes with the tool.</summary>
    public static string Server(params ReadOnlySpan<string> path) => Path.Combine([AppContext.BaseDirectory, "Servers", .. path]);

    static EnvironmentDefinition OpenGymnasium(string id)
    {
        var name = id[(Gymnasium.Length + 1)..];
        return name.Length > 0
            ? new ExternalDefinition(id, Python(), name, new ExternalConfig()).Open()
            : throw Throw.ExternalName(id, "gymnasium:CartPole-v1 or gymnasium:my_environment.py:MyEnvironment");
    }

    static EnvironmentDefinition OpenFile(string id)
    {
        var path = id[(External.Length + 1)..];
        if (!File.Exists(path))
            throw path.Length == 0 ? Throw.ExternalName(id, "external:my_simulator.yaml") : Throw.ExternalFile(id, path);
        var config = Config.Load<ExternalConfig>(path, []);
        var command = config.Gymnasium.Length > 0 ? Python() : new ExternalCommand { Words = config.Command };
        return new ExternalDefinition(
            id,
            command with
            {
                Variables = config.Variables,
                Folder = Path.GetFullPath(config.Folder, Path.GetDirectoryName(Path.GetFullPath(path))!),
                StartTimeout = config.StartTimeout,
                CallTimeout = config.CallTimeout,
            },
            config.Gymnasium.Length > 0 ? config.Gymnasium : config.Environment,
            config).Open();
    }
}
