using OfflineRL.Ingest;

namespace OfflineRL.Tests.Ingest.Validation;

/// <summary>Every check on columns made by hand: what it finds, and that it finds nothing where there is nothing.</summary>
public sealed class CheckTests
{
    static long[] Places(int count, int from = 1) => [.. Enumerable.Range(from, count).Select(i => (long)i)];

    [Fact]
    public void Alignment_FindsTheFirstNumberThatDiffersByMoreThanTheTolerance()
    {
        Assert.Equal(-1, Alignment.FirstDifference([1, 2, 3], [1, 2, 3], 0));
        Assert.Equal(2, Alignment.FirstDifference([1, 2, 3.1f], [1, 2, 3], 0.01));
        Assert.Equal(-1, Alignment.FirstDifference([1, 2, 3.1f], [1, 2, 3], 0.1));
        Assert.Equal(-1, Alignment.FirstDifference([1000.5f], [1000], 0.001));
        Assert.Equal(0, Alignment.FirstDifference([0.002f], [0], 0.001));
        Assert.Equal(0, Alignment.FirstDifference([float.NaN], [0], 1));
    }

    [Fact]
    public void Bounds_AreMetWithinFloat32()
    {
        var (low, high) = (Bounds.WidenedLow([-1, 0]), Bounds.WidenedHigh([1, double.PositiveInfinity]));
        Assert.Equal(-1, Bounds.FirstOutside([1.0000001f, 0, -1.0000001f, 1e30f], low, high));
        Assert.Equal(2, Bounds.FirstOutside([1, 0, 1.01f, 0], low, high));
        Assert.Equal(3, Bounds.FirstOutside([1, 0, 1, -0.1f], low, high));
        Assert.Equal(4, Bounds.FirstOutside([9, 0, 1, 5, float.NaN, 0], low, high, 1));
    }

    [Fact]
    public void ColumnRanges_KnowConstantColumns()
    {
        var ranges = new ColumnRanges(2);
        ranges.Add([1, 5]);
        Assert.Empty(ranges.Constant);
        ranges.Add([1, 6, 1, 4]);
        Assert.Equal([0], ranges.Constant);
        Assert.Equal((4f, 6f, 3L), (ranges.Min(1), ranges.Max(1), ranges.Rows));
    }

    [Theory]
    [InlineData(0.01, 0)]
    [InlineData(5, 3)]
    public void Jumps_AreFoundBeyondTheUsualChangeOfTheirColumn(double jump, int expected)
    {
        // A slow sine and a constant; three times it is set back by the jump.
        var jumps = new Jumps(2);
        for (var episode = 0; episode < 3; episode++)
        {
            var observations = new float[400];
            for (var t = 0; t < 200; t++)
                (observations[2 * t], observations[(2 * t) + 1]) = ((float)(Math.Sin(t * 0.05) + (t >= 150 ? jump : 0)), 7);
            jumps.Add(observations, Places(200, (episode * 200) + 1));
        }

        var found = jumps.Found().ToList();
        Assert.Equal(expected, found.Sum(f => f.Count));
        if (expected > 0)
        {
            Assert.Equal((0, 151L), (found[0].Column, found[0].First));
            Assert.Equal(jump, found[0].Change, 0.1);
            Assert.InRange(found[0].Usual, 0.03, 0.06);
        }
    }

    [Fact]
    public void Jumps_BetweenEpisodesDoNotCount()
    {
        var jumps = new Jumps(1);
        for (var episode = 0; episode < 10; episode++)
            jumps.Add([.. Enumerable.Range(0, 50).Select(t => (float)((episode * 1000) + (t * 0.1)))], Places(50, (episode * 50) + 1));
        Assert.Empty(jumps.Found());
    }

    [Fact]
    public void RewardOutliers_AreFarFromAllOthers_AndARareRewardIsNone()
    {
        var sparse = new RewardOutliers();
        var coded = new RewardOutliers();
        for (var i = 0; i < 10_000; i++)
        {
            sparse.Add([i % 100 == 0 ? 1000 : 0], Places(1, i + 1));
            coded.Add([i == 7777 ? -99999 : Math.Sin(i)], Places(1, i + 1));
        }

        Assert.Equal(0, sparse.Found().Count);
        var found = coded.Found();
        Assert.Equal((1L, 7778L, -99999.0), (found.Count, found.First, found.Reward));
        Assert.Equal(1, found.Usual, 0.2);
        // Too few to say anything.
        var few = new RewardOutliers();
        few.Add([1, 2, 1e9, 3], Places(4));
        Assert.Equal(0, few.Found().Count);
        Assert.Equal(0, new RewardOutliers().Found().Count);
    }

    [Fact]
    public void EpisodeLengths_FindManyTerminatedEpisodesOfTheMostSteps()
    {
        var lengths = new EpisodeLengths();
        foreach (var (steps, position) in new[] { (12, 12), (200, 212), (200, 412), (17, 429) })
            lengths.Add(steps, terminated: true, position);
        Assert.Equal(0, lengths.Found().Count);
        lengths.Add(200, terminated: true, 629);
        var found = lengths.Found();
        Assert.Equal((3L, 5L, 212L, 200), (found.Count, found.Terminated, found.First, found.Steps));
        // One longer episode says that 200 is no limit.
        lengths.Add(201, terminated: true, 830);
        Assert.Equal(0, lengths.Found().Count);

        var marked = new EpisodeLengths();
        var bandit = new EpisodeLengths();
        for (var i = 0; i < 10; i++)
        {
            marked.Add(200, terminated: false, 200 * (i + 1));
            bandit.Add(1, terminated: true, i + 1);
        }

        Assert.Equal(0, marked.Found().Count);
        Assert.Equal(0, bandit.Found().Count);
    }

    [Fact]
    public void NextStarts_FindTheNextEpisodesFirstObservationBehindAnEnd()
    {
        var trap = new NextStarts(1);
        trap.Add([1, 2], [5], 2);
        trap.Add([5, 6], [8], 4);
        trap.Add([8, 9], [0], 6);
        var found = trap.Found();
        Assert.Equal((2L, 2L, 2L), (found.Count, found.Boundaries, found.First));

        var real = new NextStarts(1);
        real.Add([1, 2], [3], 2);
        real.Add([5, 6], [7], 4);
        Assert.Equal(0, real.Found().Count);

        // Every episode starts at 1, and some end there.
        var home = new NextStarts(1);
        home.Add([1, 2], [1], 2);
        home.Add([1, 3], [1], 4);
        Assert.Equal(0, home.Found().Count);
    }

    [Fact]
    public void RepeatedRows_EqualTheRowBeforeInEverything()
    {
        Assert.Equal(2, RepeatedRows.First(4, 1, [1, 2, 2, 3], [0, 1, 1, 0], [1, 1, 1, 1], []));
        Assert.Equal(-1, RepeatedRows.First(4, 3, [1, 2, 2, 3], [0, 1, 1, 0], [1, 1, 1, 1], []));
        Assert.Equal(-1, RepeatedRows.First(4, 1, [1, 2, 2, 3], [0, 1, 0, 0], [1, 1, 1, 1], []));
        Assert.Equal(-1, RepeatedRows.First(4, 1, [1, 2, 2, 3], [0, 1, 1, 0], [1, 1, 2, 1], []));
        Assert.Equal(-1, RepeatedRows.First(4, 1, [1, 2, 2, 3], [0, 1, 1, 0], [1, 1, 1, 1], [1, 2, 3, 4]));
    }

    [Fact]
    public void Fingerprints_TellColumnsApart_AndAreMetAgainHoweverManyThereWere()
    {
        static ulong Of(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            var fingerprint = new Fingerprint();
            fingerprint.Add(a);
            fingerprint.Add(b);
            return fingerprint.Value;
        }

        Assert.Equal(Of([1, 2], [3]), Of([1, 2], [3]));
        Assert.NotEqual(Of([1, 2], [3]), Of([1], [2, 3]));
        Assert.NotEqual(Of([1, 2], [3]), Of([1, 2], [4]));

        var seen = new SeenFingerprints();
        var duplicates = 0;
        var count = 3 * SeenFingerprints.Most;
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < count; i++)
            {
                var fingerprint = new Fingerprint();
                fingerprint.Add<int>([i]);
                duplicates += seen.Add(fingerprint.Value, i) is not null ? 1 : 0;
            }

            if (round == 0)
                Assert.Equal(0, duplicates);
        }

        // Every fourth is looked at by then, and each of those is met again.
        Assert.Equal(4, seen.Stride);
        Assert.InRange(duplicates, count / 4 * 0.98, count / 4 * 1.02);
    }

    [Fact]
    public void PropensityWeights_FindLogsThatRestOnFewRows()
    {
        var uniform = new PropensityWeights();
        var tiny = new PropensityWeights();
        for (var i = 0; i < 1000; i++)
        {
            uniform.Add([Math.Log(1.0 / 34)], Places(1, i + 1));
            tiny.Add([Math.Log(i == 500 ? 1e-6 : 0.5)], Places(1, i + 1));
        }

        Assert.Equal(0, uniform.Found().Rows);
        var found = tiny.Found();
        Assert.Equal((1000L, 501L), (found.Rows, found.First));
        Assert.Equal(1e-6, found.Smallest, 1e-12);
        Assert.InRange(found.Effective, 1, 2);
        Assert.Equal(0, new PropensityWeights().Found().Rows);
    }

    [Fact]
    public void MagnitudeHistogram_HoldsCountsAndQuantilesOfAnyNumberOfValues()
    {
        var histogram = new MagnitudeHistogram();
        Assert.Equal(0, histogram.Quantile(0.5));
        for (var i = 1; i <= 1000; i++)
            histogram.Add(i, i, i);
        histogram.Add(0, 1, 0);
        Assert.Equal(1000, histogram.Count);
        Assert.InRange(histogram.Quantile(0.5), 440, 500);
        Assert.InRange(histogram.Quantile(1), 880, 1000);
        var (count, first, value) = histogram.Above(500);
        Assert.InRange(count, 430, 500);
        Assert.Equal((value, true), ((float)first, value > 500));
        Assert.Equal(0, histogram.Above(float.MaxValue).Count);
    }

    [Fact]
    public void FindingLog_HasOneFindingForEachCheckFileAndColumn_TheWorstFirst_AndIsBounded()
    {
        var log = new FindingLog();
        for (var row = 1; row <= 100; row++)
        {
            log.Add(Checks.NextObservationDiffers, new RowPlace(0, row), "o", $"at {row}");
            log.Add(Checks.ObservationOutside, new RowPlace(1, row), "o", $"at {row}");
        }

        log.Add(Checks.NotFinite, new RowPlace(1, 7), "v", new string('9', 1000));
        var findings = log.Findings(file => $"f{file}");
        Assert.Equal(["not_finite", "observation_outside", "next_observation_differs"], findings.Select(f => f.Check));
        Assert.Equal(("f1", "o", 1L, 100L, "at 1"), (findings[1].File, findings[1].Column, findings[1].Row, findings[1].Count, findings[1].Sample));
        Assert.InRange(findings[0].Sample.Length, 100, 300);

        for (var file = 0; file < 3 * FindingLog.MostEntries; file++)
            log.Add(Checks.Step, new RowPlace(file, 1), "t", "x");
        findings = log.Findings(file => $"f{file}");
        Assert.Equal(FindingLog.MostEntries + 1, findings.Count);
        Assert.Equal(3 * FindingLog.MostEntries, findings.Where(f => f.Check == "step").Sum(f => f.Count));
    }

    [Fact]
    public void Checks_HaveNamesOfTheirOwn()
    {
        Assert.Equal(Checks.All.Count, Checks.All.Select(c => c.Name).Distinct().Count());
        Assert.All(Checks.All, c => Assert.Matches("^[a-z_]+$", c.Name));
        Assert.Equal(typeof(Checks).GetFields().Length, Checks.All.Count);
    }
}
