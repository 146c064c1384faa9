using OfflineRL.Datasets;
using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest.Validation;

/// <summary>
/// Logs that are wrong in places, made from one that is right: under every rule each row is in the dataset or in its rejects, and what was
/// wrong is found and named.
/// </summary>
public sealed class BrokenImportTests : IDisposable
{
    const int GoodRows = 6;

    readonly Recording _recording = new();

    public void Dispose() => _recording.Dispose();

    static ImportConfig Map(string source, ErrorRule rule) => new()
    {
        Name = "x",
        Source = [source],
        EpisodeId = ["e"],
        Step = "t",
        Observation = ["o", "v"],
        NextObservation = ["n", "w"],
        Action = ["a"],
        ActionCount = 2,
        Reward = "r",
        Done = "d",
        BehaviorProb = "p",
        Timestamp = "when",
        SplitKey = "user",
        Info = new Dictionary<string, IReadOnlyList<string>> { ["i"] = ["i"] },
        OnError = rule,
    };

    static readonly string[] Header = ["e,t,o,v,n,w,a,r,d,p,when,user,i"];
    static readonly string[] Good =
    [
        "1,0,1,2,3,4,0,1,0,0.5,2026-01-01,u,7",
        "1,1,3,4,5,6,1,2,0,0.5,2026-01-01,u,7",
        "1,2,5,6,7,8,1,3,1,0.5,2026-01-01,u,7",
        "2,0,1,3,3,5,0,1,0,0.5,2026-01-01,u,7",
        "2,1,3,5,5,7,1,2,0,0.5,2026-01-01,u,7",
        "2,2,5,7,7,9,0,3,1,0.5,2026-01-01,u,7",
    ];

    public static TheoryData<string, int, string> Broken => new()
    {
        { "not_finite", 2, "1,1,3,abc,5,6,1,2,0,0.5,2026-01-01,u,7" },
        { "not_finite", 2, "1,1,3,,5,6,1,2,0,0.5,2026-01-01,u,7" },
        { "not_finite", 2, "1,1,NaN,4,5,6,1,2,0,0.5,2026-01-01,u,7" },
        { "not_finite", 2, "1,1,inf,4,5,6,1,2,0,0.5,2026-01-01,u,7" },
        { "not_finite", 2, "1,1,1e39,4,5,6,1,2,0,0.5,2026-01-01,u,7" },
        { "not_finite", 1, "1,0,1,2,3,abc,0,1,0,0.5,2026-01-01,u,7" },
        { "not_finite", 2, "1,1,3,4,5,6,1,NaN,0,0.5,2026-01-01,u,7" },
        { "not_finite", 2, "1,1,3,4,5,6,1,,0,0.5,2026-01-01,u,7" },
        { "not_finite", 2, "1,1,3,4,5,6,1,-inf,0,0.5,2026-01-01,u,7" },
        { "action_space", 2, "1,1,3,4,5,6,0.5,2,0,0.5,2026-01-01,u,7" },
        { "action_space", 2, "1,1,3,4,5,6,-1,2,0,0.5,2026-01-01,u,7" },
        { "action_space", 2, "1,1,3,4,5,6,2,2,0,0.5,2026-01-01,u,7" },
        { "action_space", 2, "1,1,3,4,5,6,,2,0,0.5,2026-01-01,u,7" },
        { "action_space", 2, "1,1,3,4,5,6,left,2,0,0.5,2026-01-01,u,7" },
        { "flag", 2, "1,1,3,4,5,6,1,2,2,0.5,2026-01-01,u,7" },
        { "flag", 2, "1,1,3,4,5,6,1,2,perhaps,0.5,2026-01-01,u,7" },
        { "propensity", 2, "1,1,3,4,5,6,1,2,0,0,2026-01-01,u,7" },
        { "propensity", 2, "1,1,3,4,5,6,1,2,0,1.5,2026-01-01,u,7" },
        { "propensity", 2, "1,1,3,4,5,6,1,2,0,-0.5,2026-01-01,u,7" },
        { "timestamp", 2, "1,1,3,4,5,6,1,2,0,0.5,yesterday,u,7" },
        { "split_key", 2, "1,1,3,4,5,6,1,2,0,0.5,2026-01-01,other,7" },
        { "info", 2, "1,1,3,4,5,6,1,2,0,0.5,2026-01-01,u,seven" },
        { "step", 2, "1,5,3,4,5,6,1,2,0,0.5,2026-01-01,u,7" },
        { "step", 1, "1,-1,1,2,3,4,0,1,0,0.5,2026-01-01,u,7" },
        { "row_after_end", 2, "1,1,3,4,5,6,1,2,1,0.5,2026-01-01,u,7" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void ARow_ThatCannotBeRight_TakesItsEpisodeAlongUnderReject(string check, int row, string line)
    {
        var result = Import(ErrorRule.Reject, row, line);
        var dataset = Dataset.Open(_recording.Workspace, result.Manifest.FullName);
        Assert.Equal(new RowTally(GoodRows, 3, 3), result.Report.Rows);
        Assert.Equal(["2"], dataset.Episodes.Select(e => e.EpisodeKey.Split(':')[1]));
        Assert.Contains(result.Report.Findings, f => f.Check == check && f.Severity == Severity.Error);
        Assert.True(result.Report.HasErrors);
        Assert.Equal([1, 2, 3], Rejects(dataset).Select(r => r.Row).Order());
        Holds(dataset, result);
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void ARow_ThatCannotBeStored_IsLeftOutAloneUnderKeep(string check, int row, string line)
    {
        var result = Import(ErrorRule.Keep, row, line);
        var dataset = Dataset.Open(_recording.Workspace, result.Manifest.FullName);
        Assert.Equal(GoodRows, result.Report.Rows.Read);
        Assert.InRange(result.Report.Rows.Rejected, 0, 1);
        Assert.Contains(result.Report.Findings, f => f.Check == check && f.Severity == Severity.Error);
        Assert.Contains(dataset.Episodes, e => e.EpisodeKey.EndsWith(":2", StringComparison.Ordinal) && e.Steps == 3);
        Assert.Equal(result.Report.Rows.Rejected, Rejects(dataset).Count);
        Holds(dataset, result);
    }

    [Theory]
    [MemberData(nameof(Broken))]
    public void ARow_ThatCannotBeRight_EndsTheImportUnderStop(string check, int row, string line)
    {
        Assert.NotEmpty(check);
        var e = Assert.Throws<UserErrorException>(() => Import(ErrorRule.Stop, row, line));
        // Rows are sorted by their step first, so that the one that follows a gap is named.
        Assert.Matches($@"a\.csv, row {(check is "row_after_end" or "step" ? "[13]" : row)}, column '\w+': found .*; expected ", e.Message);
        _recording.AssertNothingLeft();
    }

    [Fact]
    public void TheGoodFile_ThatTheOthersAreMadeFrom_HasNoErrors()
    {
        var result = Import(ErrorRule.Stop, 1, Good[0]);
        Assert.Equal(new RowTally(GoodRows, GoodRows, 0), result.Report.Rows);
        Assert.False(result.Report.HasErrors);
        Assert.DoesNotContain(result.Report.Findings, f => f.Severity > Severity.Warning);
    }

    [Fact]
    public void WithoutValidation_TheContractIsCheckedAllTheSame()
    {
        var path = Write(1, Good[0]);
        var quiet = Run(Map(path, ErrorRule.Stop) with { Validation = false });
        Assert.Empty(quiet.Report.Findings);
        Assert.False(quiet.Report.Validated);
        var refused = Assert.Throws<UserErrorException>(() => Run(Map(Write(2, "1,1,3,abc,5,6,1,2,0,0.5,2026-01-01,u,7"), ErrorRule.Stop) with { Validation = false }));
        Assert.Contains("row 2, column 'v'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ErrorRule.Stop)]
    [InlineData(ErrorRule.Reject)]
    [InlineData(ErrorRule.Keep)]
    public void AnAction_BeyondTheBoundsOfTheMap_IsWhatTheRuleMakesOfIt(ErrorRule rule)
    {
        var path = _recording.Write("c.csv", "e,o,a,r,d", "1,0,0.5,1,0", "1,1,-1.5,2,1", "2,0,1,1,0", "2,1,1.0000001,2,1");
        var config = new ImportConfig { Name = "x", Source = [path], EpisodeId = ["e"], Observation = ["o"], Action = ["a"], ContinuousAction = true, ActionLow = [-1], ActionHigh = [1], Reward = "r", Done = "d", OnError = rule };
        if (rule == ErrorRule.Stop)
        {
            Assert.Contains("c.csv, row 2, column 'a': found '-1.5'; expected an action from -1 to 1", Assert.Throws<UserErrorException>(() => Run(config)).Message, StringComparison.Ordinal);
            return;
        }

        var result = Run(config);
        Assert.Equal(rule == ErrorRule.Reject ? new RowTally(4, 2, 2) : new RowTally(4, 4, 0), result.Report.Rows);
        var finding = Assert.Single(result.Report.Findings, f => f.Check == "action_space");
        Assert.Equal((1L, 2L, "a", "-1.5"), (finding.Count, finding.Row, finding.Column, finding.Sample));
    }

    [Fact]
    public void DryRun_FindsTheSame_AndLeavesNothing()
    {
        var path = Write(2, "1,1,3,4,5,6,1,2,0,1.5,2026-01-01,u,7");
        var report = ImportJob.Check(Map(path, ErrorRule.Reject), _recording.Workspace, NullProgress.Instance, CancellationToken.None);
        _recording.AssertNothingLeft();
        var result = Run(Map(path, ErrorRule.Reject));
        Assert.Equal(result.Report.Findings, report.Findings);
        Assert.Equal(result.Report.Rows, report.Rows);
        Assert.NotEmpty(report.Findings);
    }

    [Fact]
    public void TheReport_IsAFileOfTheDataset_ThatItsCheckKnows()
    {
        var result = Import(ErrorRule.Reject, 2, "1,1,3,4,5,6,1,2,0,1.5,2026-01-01,u,7");
        var dataset = Dataset.Open(_recording.Workspace, result.Manifest.FullName);
        var path = Path.Combine(dataset.Folder, "validation.json");
        File.AppendAllText(path, " ");
        Assert.Contains(dataset.Findings(NullProgress.Instance), f => f.Contains("validation.json", StringComparison.Ordinal));
    }

    ImportResult Import(ErrorRule rule, int row, string line) => Run(Map(Write(row, line), rule));

    ImportResult Run(ImportConfig config) => ImportJob.Run(config, _recording.Workspace, NullProgress.Instance, CancellationToken.None);

    string Write(int row, string line)
    {
        var lines = Good.ToArray();
        lines[row - 1] = line;
        return _recording.Write("a.csv", [.. Header, .. lines]);
    }

    static List<(long Row, string Reason)> Rejects(Dataset dataset)
    {
        var path = Path.Combine(dataset.Folder, "rejects", "rejects.csv");
        return !File.Exists(path) ? [] : [.. File.ReadLines(path).Skip(1).Select(l => (long.Parse(l.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture), l))];
    }

    // Nothing is missing from the sum, the dataset is whole, and its report is the one that was returned.
    static void Holds(Dataset dataset, ImportResult result)
    {
        var rows = result.Report.Rows;
        Assert.Equal(rows.Read, rows.Taken + rows.Rejected);
        Assert.Equal((rows.Taken, rows.Rejected), (dataset.Manifest.Counts.Steps, dataset.Manifest.Counts.Rejected));
        Assert.Empty(dataset.Findings(NullProgress.Instance));
        var stored = JsonFiles.Read<ValidationReport>(Path.Combine(dataset.Folder, Dataset.ValidationFile));
        Assert.Equal(result.Report.Findings, stored.Findings);
        Assert.Equal(rows, stored.Rows);
    }
}
