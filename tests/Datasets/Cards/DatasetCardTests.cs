using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Cards;

public sealed class DatasetCardTests : IDisposable
{
    readonly TestWorkspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void Card_OfDiscreteActions_AgreesWithSumsOverTheEpisodes()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample", 60);
        var dataset = Dataset.Open(_workspace.Workspace, "sample");
        var card = DatasetCardReader.Read(dataset);
        double weights = 0, squares = 0, smallest = 1;
        var episodeWeights = new List<double>();
        dataset.ReadEpisodes((EpisodeRecord _, in EpisodeColumns e) =>
        {
            var product = 1.0;
            foreach (var logged in e.BehaviorLogProbabilities)
            {
                var weight = 0.5 / Math.Exp(logged);
                (weights, squares, product) = (weights + weight, squares + (weight * weight), product * weight);
                smallest = Math.Min(smallest, Math.Exp(logged));
            }

            episodeWeights.Add(product);
        });

        var p = card.Propensities!;
        Assert.Equal(weights * weights / squares, p.UniformSteps!.Value, 1e-6 * p.UniformSteps.Value);
        var whole = Math.Pow(episodeWeights.Sum(), 2) / episodeWeights.Sum(w => w * w);
        Assert.InRange(whole, 1, 59);
        Assert.Equal(whole, p.UniformEpisodes!.Value, 1e-6 * whole);
        Assert.Equal((60L, dataset.Manifest.Counts.Steps, 1.0), (p.ScoredEpisodes, p.Steps, p.Share));
        Assert.Equal(smallest, p.Quantiles[0], 1e-12);

        double[] returns = [.. dataset.Episodes.Select(e => e.Return).Order()];
        Assert.Equal((returns[0], returns[^1]), (card.Returns.Quantiles[0], card.Returns.Quantiles[^1]));
        Assert.Equal((returns[29] + returns[30]) / 2, card.Returns.Quantiles[3], 1e-9);
        Assert.Equal(returns.Average(), card.Returns.Mean, 1e-9);
        Assert.Equal(60, card.Returns.Histogram.Counts.Sum());
        Assert.Equal((30L, 30L, 0L, 40L, 0L), (card.Ends.Terminated, card.Ends.Truncated, card.Ends.Both, card.Ends.FinalObservationKnown, card.Ends.SharedKeys));
        Assert.Equal([("even", 30L), ("odd", 30L)], card.Policies.Select(g => (g.Name, g.Episodes)));
        Assert.Equal(dataset.Manifest.Counts.Steps, card.ActionCounts.Sum(a => a.Steps));
        Assert.InRange(card.ActionEntropy!.Value, 0.9, 1);
        Assert.Equal(["observation[0]", "observation[1]", "observation[2]", "observation[3]", "behavior_log_prob"], card.Columns.Select(c => c.Name));
        Assert.All(card.Columns, c => Assert.Equal(dataset.Manifest.Counts.Steps, c.Histogram!.Counts.Sum()));
        Assert.Null(card.Validation);
    }

    [Fact]
    public void Card_OfContinuousActions_SaysWhatIsAtTheBoundsAndWhatIsConstant()
    {
        var description = new DatasetDescription
        {
            ObservationSpace = BoxSpace.Unbounded(2),
            ActionSpace = new BoxSpace([2], [-1, double.NegativeInfinity], [1, double.PositiveInfinity]),
            PropensitySource = PropensitySource.Logged,
            PropensityKind = PropensityKind.Density,
            InfoColumns = [new InfoColumn("info_x"), new InfoColumn("info_pair", InfoType.Double, 2), new InfoColumn("info_note", InfoType.Text)],
        };
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "box", description))
        {
            writer.WriteEpisode(new EpisodeColumns
            {
                Key = "a",
                BehaviorPolicy = "p",
                Observations = [7, 0, 7, 1, 7, 2, 7, 3],
                ContinuousActions = [-1, 0, -1, 5, 0.5f, 5, 1, 10],
                Rewards = [0, 0, 0, 1],
                Terminated = true,
                Truncated = true,
                BehaviorLogProbabilities = [-0.5, double.NaN, 0.25, -0.5],
                Info = [InfoValues.Of(new[] { 1.0, double.NaN, 3.0, 2.0 }), InfoValues.Of(new[] { 1.0, 2, 1, 3, 1, double.PositiveInfinity, 1, 4 }), InfoValues.Of(new[] { "b", "a", null, "a" })],
            });
            writer.Commit();
        }

        var card = DatasetCardReader.Read(Dataset.Open(_workspace.Workspace, "box"));
        Assert.Equal([new ActionRange(0, -1, 1, 0.5, 0.25, 1), new ActionRange(1, null, null, 0.25, 0.25, null)], card.ActionRanges);
        var p = card.Propensities!;
        Assert.Equal((3L, 0.75, 0L), (p.Steps, p.Share, p.ScoredEpisodes));
        Assert.Null(p.UniformSteps);
        Assert.Equal((-0.5, 0.25), (p.Quantiles[0], p.Quantiles[^1]));
        var columns = card.Columns.ToDictionary(c => c.Name);
        Assert.True(columns["observation[0]"].Constant);
        Assert.False(columns["observation[1]"].Constant);
        Assert.Equal((1.0, 2.0, 3.0, 1L), (columns["info_x"].Min, columns["info_x"].Mean, columns["info_x"].Max, columns["info_x"].Missing));
        Assert.True(columns["info_pair[0]"].Constant);
        Assert.Equal((2.0, 4.0, 1L), (columns["info_pair[1]"].Min, columns["info_pair[1]"].Max, columns["info_pair[1]"].NaN));
        Assert.Equal([1L, 3L], new[] { columns["behavior_log_prob"].Missing, columns["behavior_log_prob"].Histogram!.Counts.Sum() });
        var text = Assert.Single(card.Texts);
        Assert.Equal((2L, 1L), (text.Different, text.Missing));
        Assert.Equal(["a", "b"], text.Examples);
        Assert.Equal(1, card.Ends.Both);
    }

    [Fact]
    public void Card_OfImagesAndNumbers_HasOneColumnEach()
    {
        var image = new DatasetDescription
        {
            ObservationSpace = new BoxSpace([4], [0, 0, 0, 0], [255, 255, 255, 255], ElementType.UInt8),
            ActionSpace = new DiscreteSpace(3),
            HasActionMask = true,
        };
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "image", image))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "p", ObservationBytes = [0, 1, 2, 255], DiscreteActions = [0], Rewards = [2], Truncated = true, ActionMasks = [true, true, false] });
            writer.Commit();
        }

        var card = DatasetCardReader.Read(Dataset.Open(_workspace.Workspace, "image"));
        Assert.Equal("observation (all bytes)", Assert.Single(card.Columns).Name);
        Assert.Equal(2, card.AllowedActions);
        Assert.Null(card.Propensities);
        Assert.Equal([1L, 0, 0], card.ActionCounts.Select(a => a.Steps));
        using (var writer = DatasetWriter.Create(_workspace.Workspace, "number", new DatasetDescription { ObservationSpace = new DiscreteSpace(5), ActionSpace = new DiscreteSpace(1) }))
        {
            writer.WriteEpisode(new EpisodeColumns { Key = "a", BehaviorPolicy = "p", Observations = [4, 2], DiscreteActions = [0, 0], Rewards = [2, 2], Truncated = true });
            writer.Commit();
        }

        var column = Assert.Single(DatasetCardReader.Read(Dataset.Open(_workspace.Workspace, "number")).Columns);
        Assert.Equal(("observation", 2.0, 3.0, 4.0), (column.Name, column.Min, column.Mean, column.Max));
    }

    [Fact]
    public void Card_OfADamagedFile_IsOneMessage()
    {
        SampleEpisodes.Make(_workspace.Workspace, "sample");
        var dataset = Dataset.Open(_workspace.Workspace, "sample");
        var path = Path.Combine(dataset.Folder, Dataset.EpisodesFile);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^10]);
        Assert.Contains("does not hold what its manifest says", Assert.Throws<UserErrorException>(() => DatasetCardReader.Read(dataset)).Message, StringComparison.Ordinal);
    }
}
