using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Train;
using OfflineRL.Tests.Train.WorldModels;
using OfflineRL.Train;

namespace OfflineRL.Tests.Evaluate.Html;

/// <summary>Reports of every kind, made by the real jobs in a workspace of their own, and one whose every text is hostile.</summary>
public sealed class Reports : IDisposable
{
    /// <summary>What would run, break out or fetch, were it not escaped.</summary>
    public static readonly IReadOnlyList<string> HostileTexts =
    [
        "</script><script>window.broken = 1</script>",
        "\"><img src=x onerror=\"window.broken = 2\">",
        "' onmouseover='window.broken = 3",
        "javascript:window.broken=4",
        "datum.value; window.broken = 5; //",
        "<!--<script>",
        "\u202egnp.exe \u0007 \u2028",
        "a policy with a name that is so long that it does not fit on the screen of any phone, nor beside a plot, without being cut or wrapped somewhere",
    ];

    readonly Lazy<Dictionary<string, string>> _folders;

    public Reports()
    {
        Workspace = Workspace.Open(Directory.CreateTempSubdirectory("offlinerl-reports-").FullName);
        _folders = new(Make);
    }

    public Workspace Workspace { get; }

    /// <summary>The folder of a kind: rollout, ope, compare, diff, model, hostile.</summary>
    public string this[string kind] => _folders.Value[kind];

    public void Dispose() => Directory.Delete(Workspace.Root, recursive: true);

    /// <summary>Rows of seeds that learn over three snapshots.</summary>
    public static List<RolloutRow> Rows(string policy, IEnumerable<string> tasks, int seeds, int episodes, double level, string algorithm = "dqn") =>
    [
        .. from task in tasks
           from seed in Enumerable.Range(0, seeds)
           from step in (int[])[100, 200, 300]
           from episode in Enumerable.Range(0, episodes)
           select new RolloutRow
           {
               Algorithm = algorithm, Policy = policy, Task = task, Environment = $"Made-v0?task={task}", Label = task == "nominal" ? "nominal" : "held_out", Seed = seed, Step = step, IsLast = step == 300, RolloutSeed = 0, Episode = episode,
               Return = level + (step / 10.0) + (3 * seed) + (episode % 7), Length = 10, Terminated = true, Truncated = false,
           },
    ];

    Dictionary<string, string> Make()
    {
        SmallLog.Write(Workspace, "small", PropensitySource.Logged);
        var first = Rollout(0);
        var second = Rollout(1);
        var ope = OpeJob.Run(new OpeConfig { Dataset = "small", Policies = ["columns:probs=better", "columns:logits=z,beta=1", "columns:logits=z,beta=40"], Resamples = 100, Name = "e" }, Workspace, new CallbackProgress(_ => { }), TimeProvider.System, default).Folder;
        return new()
        {
            ["rollout"] = first,
            ["ope"] = ope,
            ["compare"] = CompareJob.Run(new CompareConfig { Reports = [first, ope], Resamples = 100 }, Workspace, TimeProvider.System, default).Folder,
            ["diff"] = DiffJob.Run(new DiffConfig { Before = first, After = second, Resamples = 100 }, Workspace, TimeProvider.System, default).Folder,
            ["model"] = ModelJob.Run(new ModelConfig { Runs = [Model()] }, Workspace, TimeProvider.System).Report.Folder,
            ["hostile"] = Hostile(),
        };
    }

    string Rollout(ulong seed) => RolloutJob.Run(
        new RolloutConfig { Policies = ["builtin:scripted?epsilon=0.5", "builtin:uniform"], Environment = "CartPole-v1", Tasks = ["nominal", "long-pole", "short-pole"], Episodes = 12, Resamples = 100, Seed = seed, Name = "r" },
        Workspace, new CallbackProgress(_ => { }), TimeProvider.System, default).Folder;

    /// <summary>A run of two seeds that stored two world models each.</summary>
    string Model()
    {
        using var columns = LinearSystem.Write(Workspace, "linear", 20, 20);
        TrainJob.Run(TrainData.Tiny("world_model") with { Name = "model", Seeds = ["0..1"] }, Workspace, columns, NullProgress.Instance, default);
        return "model";
    }

    string Hostile()
    {
        var folder = Path.Combine(Workspace.Root, "hostile");
        Directory.CreateDirectory(Path.Combine(folder, "pictures"));
        File.WriteAllText(Path.Combine(folder, "config.yaml"), string.Join('\n', HostileTexts));
        PngFile.Write(Path.Combine(folder, "pictures", "an \"episode\" & 'more' <b>.png"), new Canvas(8, 8));
        var rows = HostileTexts.SelectMany((text, i) => Rows(text, ["nominal", HostileTexts[0]], 2, 3, i, algorithm: i == 0 ? HostileTexts[1] : "dqn")).ToList();
        var scores = ScoreTable.Of(rows, [], 0.95, 50, RandomStream.Create(1, "t"));
        var summary = new ReportSummary
        {
            Job = "rollout",
            Created = DateTimeOffset.UnixEpoch,
            Datasets = [.. HostileTexts.Select(t => new DatasetReference(t, t))],
            Policies = ReportedPolicy.Of(rows.Select(r => (r.Algorithm, r.Policy, r.Seed, r.Step))),
            Seed = 0,
            Environment = HostileTexts[1],
            Notes = HostileTexts,
            BehaviorReturn = 1,
            Scores = scores,
        };
        TabularResults.Write(Path.Combine(folder, "scores"), scores);
        var models = new ModelTables(
            [.. HostileTexts.Select((text, i) => new ModelRow { Algorithm = text, Run = text, Seed = 0, Step = 1, IsLast = true, Kind = text, Encoder = i == 0 ? "identity" : text, Members = 1, Dataset = text, ContentHash = text, MeasuredOn = text, Horizon = 1, Penalty = 0 })],
            [.. HostileTexts.SelectMany(text => ((int, int)[])[(1, 1), (1, 5), (2, 1), (2, 5)], (text, at) => new ReportedModelError(text, text, 0, at.Item1, at.Item1 == 2, at.Item2, text, null, 1, 1, 2, 3, 0.5, 0.3))],
            [.. HostileTexts.Select(text => new ReportedCalibration(text, text, 0, 1, true, 1, text, null, 1, 0.5, 0.8, 0.95, 0, 1))],
            []);
        models.Write(folder, "");
        HtmlReport.Write(folder, summary, 0.95, rows, models: models);
        return folder;
    }
}
