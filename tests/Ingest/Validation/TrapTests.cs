using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest.Validation;

/// <summary>The traps of real logs, which their READMEs name: validation finds them, and what it says to set makes them go away.</summary>
public sealed class TrapTests : IDisposable
{
    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    ImportResult Run(ImportConfig config) => ImportJob.Run(config, _recording.Workspace, NullProgress.Instance, CancellationToken.None);

    static ImportConfig Pendulum() => new()
    {
        Name = "pendulum",
        Source = [SharedData.Require("d3rlpy_pendulum_replay/decoded.csv.gz")],
        Environment = "Pendulum-v1",
        EpisodeId = ["episode"],
        Step = "t",
        Observation = ["obs_0", "obs_1", "obs_2"],
        NextObservation = ["next_obs_0", "next_obs_1", "next_obs_2"],
        Action = ["action_0"],
        ContinuousAction = true,
        ActionLow = [-2],
        ActionHigh = [2],
        Done = "done",
    };

    [Fact]
    public void PendulumReplay_HasTheNextEpisodesStartBehindItsEnds_AndTimeLimitsMarkedAsDone()
    {
        var refused = Assert.Throws<UserErrorException>(() => Run(Pendulum()));
        Assert.Contains("next_observation_real=false", refused.Message, StringComparison.Ordinal);
        _recording.AssertNothingLeft();

        // Where the user wants to go on, what did not follow is not stored.
        var kept = Run(Pendulum() with { OnError = ErrorRule.Reject });
        var starts = Assert.Single(kept.Report.Findings, f => f.Check == "next_start_behind_end");
        Assert.Equal((499L, Severity.Error), (starts.Count, starts.Severity));
        Assert.All(Dataset.Open(_recording.Workspace, kept.Manifest.FullName).Episodes, e => Assert.False(e.FinalObservationKnown));

        var result = Run(Pendulum() with { NextObservationReal = false });
        var limit = Assert.Single(result.Report.Findings, f => f.Check == "unmarked_time_limit");
        Assert.Equal((500L, 199L, "done"), (limit.Count, limit.Row, limit.Column));
        Assert.Contains("exactly 199 steps", limit.Sample, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Report.Findings, f => f.Severity == Severity.Error);
        Assert.Equal(-180.5, result.Manifest.Statistics.Return!.Mean, 0.1);

        var mended = Run(Pendulum() with { NextObservationReal = false, TimeLimit = 199 });
        Assert.Equal((99_500L, 500L, 0L), (mended.Manifest.Counts.Steps, mended.Manifest.Counts.Truncated, mended.Manifest.Counts.Terminated));
        Assert.DoesNotContain(mended.Report.Findings, f => f.Check is "unmarked_time_limit" or "next_start_behind_end");
    }

    [Fact]
    public void RllibCartPole_HasTimeLimitsMarkedAsDone()
    {
        ImportConfig Map() => Config.Load<ImportConfig>(Path.Combine(Checkout.Root, "ingest", "configs", "rllib_cartpole_csv.yaml"), []) with
        {
            Source = [SharedData.Require("rllib_cartpole/decoded_large.csv.gz")],
        };
        var limit = Assert.Single(Run(Map() with { TimeLimit = null }).Report.Findings, f => f.Check == "unmarked_time_limit");
        Assert.Equal(20, limit.Count);
        Assert.Contains("20 of 21 terminated episodes have exactly 200 steps", limit.Sample, StringComparison.Ordinal);
        var mended = Run(Map()).Report;
        Assert.DoesNotContain(mended.Findings, f => f.Check == "unmarked_time_limit" || f.Severity == Severity.Error);
    }

    [Fact]
    public void RllibCartPole_WithoutItsEnds_JumpsWhereTheyAre()
    {
        var map = new ImportConfig
        {
            Name = "joined",
            Source = [_recording.Workspace.Root + "/joined.csv"],
            EpisodeId = ["one"],
            Observation = ["obs_0", "obs_1", "obs_2", "obs_3"],
            Action = ["action_0"],
        };
        using (var database = DuckDbDatabase.OpenInMemory())
        using (var connection = database.Connect())
            connection.Execute($"COPY (SELECT 1 AS one, obs_0, obs_1, obs_2, obs_3, action_0, reward FROM read_csv({DuckDbSql.Text(SharedData.Require("rllib_cartpole/decoded_large.csv.gz"))})) TO {DuckDbSql.Text(map.Source[0])}");
        var jumps = Run(map).Report.Findings.Where(f => f.Check == "unmarked_end").ToList();
        Assert.Contains(jumps, f => f.Column == "obs_0");
        Assert.All(jumps, f => Assert.InRange(f.Count, 1, 20));
    }

    [Theory]
    [InlineData("bts", true)]
    [InlineData("random", false)]
    public void OpenBandit_OfThompsonSampling_HasTinyPropensities(string behavior, bool expected)
    {
        var result = Run(new ImportConfig
        {
            Name = "obd",
            Source = [SharedData.Require($"open_bandit_dataset/{behavior}/men/men.csv")],
            Format = SourceFormat.Csv,
            EpisodeId = ["column0"],
            Observation = ["position"],
            Action = ["item_id"],
            ActionCount = 34,
            Reward = "click",
            BehaviorProb = "propensity_score",
        });
        var tiny = result.Report.Findings.Where(f => f.Check == "tiny_propensity").ToList();
        Assert.Equal(expected ? 1 : 0, tiny.Count);
        if (expected)
        {
            Assert.Equal(("propensity_score", 10_000L), (tiny[0].Column, tiny[0].Count));
            Assert.Contains("down to 0.000165: for the uniform policy, 10000 rows count as 656", tiny[0].Sample, StringComparison.Ordinal);
        }

        Assert.DoesNotContain(result.Report.Findings, f => f.Severity == Severity.Error);
    }
}
