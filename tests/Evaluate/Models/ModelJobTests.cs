using System.Text.RegularExpressions;
using OfflineRL.Datasets;
using OfflineRL.Evaluate;
using OfflineRL.Tests.Evaluate.Html;
using OfflineRL.Train;
using OfflineRL.Train.WorldModels;

namespace OfflineRL.Tests.Evaluate.Models;

/// <summary>Reports of world models, and what reports of policies show of them.</summary>
public sealed class ModelJobTests(Reports reports) : IClassFixture<Reports>
{
    [Fact]
    public void Report_HasTheTablesOfEveryStoredModel_AndThePicturesOfTheNewest()
    {
        var folder = reports["model"];
        var seeds = RunFolder.Open(reports.Workspace, "model").Seeds;
        var stored = seeds.SelectMany(s => s.Models, (s, m) => WorldModelDescription.Read(m.Folder)).ToList();
        Assert.Equal([30, 60, 30, 60], stored.Select(m => m.Step));
        var (models, errors, calibration) = (Table(folder, "models"), Table(folder, "model_error"), Table(folder, "calibration"));
        Assert.Equal(["0,30,false", "0,60,true", "1,30,false", "1,60,true"], models.Rows.Select(r => $"{models.Text(r, "seed")},{models.Text(r, "step")},{models.Text(r, "is_last")}"));
        Assert.All(models.Rows, r => Assert.Equal(("world_model", "vae vae", "2", "linear-v1", "validation"), (models.Text(r, "algorithm"), models.Text(r, "kind") + " " + models.Text(r, "encoder"), models.Text(r, "members"), models.Text(r, "dataset"), models.Text(r, "measured_on"))));
        Assert.Equal(stored.SelectMany(m => m.Errors).Select(e => e.Error), errors.Rows.Select(r => errors.Number(r, "error")!.Value));
        Assert.Equal(stored.SelectMany(m => m.Calibration).Select(c => c.ZVariance), calibration.Rows.Select(r => calibration.Number(r, "z_variance")!.Value));
        // Every column of the run's own table, by the same name.
        Assert.Equal(File.ReadLines(Path.Combine(seeds[0].Folder, "model_error.csv")).First().Split(','), errors.Columns.Where(c => c is not ("algorithm" or "run" or "seed" or "is_last")));
        foreach (var seed in seeds)
        {
            foreach (var file in (string[])["dream.png", "dream.gif", "traversal.png"])
                Assert.Equal(File.ReadAllBytes(Path.Combine(seed.Models[^1].Folder, file)), File.ReadAllBytes(Path.Combine(folder, "models", $"model-seed-{seed.Seed}-step-60-{file}")));
        }

        Assert.Equal(6, Directory.EnumerateFiles(Path.Combine(folder, "models")).Count());
        var columns = File.ReadAllText(Path.Combine(folder, "columns.json"));
        Assert.All(["models", "model_error", "calibration"], table => Assert.Contains($"\"{table}\": [", columns, StringComparison.Ordinal));
    }

    [Fact]
    public void Page_ShowsTheFirstSeedsPictures_AndSaysTheErrorsInWords()
    {
        var (folder, html) = (reports["model"], File.ReadAllText(Path.Combine(reports["model"], HtmlReport.FileName)));
        Assert.Equal(2, Regex.Count(html, "src=\"data:image/png;base64,"));
        Assert.Single(Regex.Matches(html, "src=\"data:image/gif;base64,"));
        Assert.Contains(Convert.ToBase64String(File.ReadAllBytes(Path.Combine(folder, "models", "model-seed-0-step-60-traversal.png"))), html, StringComparison.Ordinal);
        Assert.Contains("Pictures of the other seeds lie in models/.", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<h2>Episodes</h2>", html, StringComparison.Ordinal);
        var errors = Table(folder, "model_error");
        var mean = errors.Rows.Where(r => errors.Text(r, "is_last") == "true" && errors.Text(r, "target") == "observation" && errors.Text(r, "dimension").Length == 0 && errors.Text(r, "horizon") == "1")
            .Average(r => errors.Number(r, "error_over_persistence")!.Value);
        Assert.Contains($"Of the observation, its error is <b>{ReportNumbers.Number(mean)}</b> times that of persistence 1 step ahead", html, StringComparison.Ordinal);
    }

    [Fact]
    public void ReportOfAPolicy_WhoseRunStoredAModel_ShowsItAmongItsFigures()
    {
        _ = reports["model"];
        var html = Written([new("world_model", "model,plan=cem", [1], [60])], "planned");
        Assert.Contains("<h2>World model</h2>", html, StringComparison.Ordinal);
        Assert.Contains("<a href=\"figures/model_error.csv\">", html, StringComparison.Ordinal);
        var models = Table(Path.Combine(reports.Workspace.Root, "planned"), "figures/models");
        Assert.All(models.Rows, r => Assert.Equal("1", models.Text(r, "seed")));
        Assert.Contains("model-seed-1-step-60-dream", html, StringComparison.Ordinal);
        // Runs that are not here, have no model, or are no names at all: nothing, and no complaint.
        Assert.DoesNotContain("<h2>World model</h2>", Written([new("dqn", "gone", [0], [1]), new("world_model", "../runs/model", [0], [60]), new("world_model", "model", [7], [60])], "others"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("identity", true)]
    [InlineData("vae", false)]
    [InlineData(null, false)]
    public void Page_OfAModelWithoutACode_SaysWhyItHasNoTraversal(string? encoder, bool says)
    {
        var folder = Directory.CreateDirectory(Path.Combine(reports.Workspace.Root, $"encoder-{encoder}")).FullName;
        var models = new ModelTables([new ModelRow { Algorithm = "world_model", Run = "r", Seed = 0, Step = 1, IsLast = true, Kind = "vae", Encoder = encoder, Members = 1, Dataset = "d-v1", ContentHash = "h", Horizon = 3, Penalty = 0 }], [], [], []);
        models.Write(folder, "");
        HtmlReport.Write(folder, new ReportSummary { Job = "model", Created = DateTimeOffset.UnixEpoch, Datasets = [], Policies = [], Seed = 0, Models = models.Models }, models: models);
        var html = File.ReadAllText(Path.Combine(folder, HtmlReport.FileName));
        Assert.Equal(says, html.Contains("There is no traversal of r: the latent state is the observation itself", StringComparison.Ordinal));
        Assert.Contains("learned from d-v1; one seed, not measured. Dreams go 3 steps.", html, StringComparison.Ordinal);
        Assert.Contains("The errors of these models were not measured", html, StringComparison.Ordinal);
    }

    [Fact]
    public void BadInput_HasOneMessageEach()
    {
        var model = reports["model"];
        Assert.Contains("runs is empty", Message(new ModelConfig()), StringComparison.Ordinal);
        Assert.Contains("There is no run 'gone'", Message(new ModelConfig { Runs = ["gone"] }), StringComparison.Ordinal);
        Assert.Contains("Run model has no world model of seed 5; it has those of seeds 0, 1.", Message(new ModelConfig { Runs = ["model"], Seed = 5 }), StringComparison.Ordinal);
        var other = Path.Combine(reports.Workspace.Root, "elsewhere", "model");
        Directory.CreateDirectory(Path.Combine(other, "seed-0"));
        foreach (var file in (string[])["config.yaml", "run.json"])
            File.Copy(Path.Combine(reports.Workspace.RunsFolder, "model", file), Path.Combine(other, file));
        Assert.Contains("Two runs are called model", Message(new ModelConfig { Runs = ["model", other] }), StringComparison.Ordinal);
        Assert.Contains("Run model (world_model) stored no world model", Message(new ModelConfig { Runs = [other] }), StringComparison.Ordinal);
        Assert.Contains("is of world models", Assert.Throws<UserErrorException>(() => CompareJob.Run(new CompareConfig { Reports = [model] }, reports.Workspace, TimeProvider.System, default)).Message, StringComparison.Ordinal);
        Assert.Contains("is of world models", Assert.Throws<UserErrorException>(() => DiffJob.Run(new DiffConfig { Before = model, After = reports["rollout"] }, reports.Workspace, TimeProvider.System, default)).Message, StringComparison.Ordinal);
    }

    string Message(ModelConfig config) => Assert.Throws<UserErrorException>(() => ModelJob.Run(config, reports.Workspace, TimeProvider.System)).Message;

    string Written(IReadOnlyList<ReportedPolicy> policies, string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(reports.Workspace.Root, name)).FullName;
        HtmlReport.Write(folder, new ReportSummary { Job = "rollout", Created = DateTimeOffset.UnixEpoch, Datasets = [], Policies = policies, Seed = 0 }, workspace: reports.Workspace);
        return File.ReadAllText(Path.Combine(folder, HtmlReport.FileName));
    }

    static FolderTable Table(string folder, string name) => FolderTable.TryRead(folder, name)!;
}
