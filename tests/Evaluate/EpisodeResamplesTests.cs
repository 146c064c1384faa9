using OfflineRL.Datasets;
using OfflineRL.Evaluate;

namespace OfflineRL.Tests.Evaluate;

public class EpisodeResamplesTests
{
    [Theory]
    [InlineData(37, 1)]
    [InlineData(37, 19)]
    [InlineData(200, 8)]
    public void Draw_OfEveryKindOfStatistic_EqualsOneResampleAfterTheOther(int count, int longest)
    {
        const int Resamples = 25;
        var statistics = Statistics(count, longest);
        var stream = RandomStream.Create(5, "resamples");
        var replicates = Bootstrap.OverEpisodes(statistics, Resamples, stream);
        for (var b = 0; b < Resamples; b++)
        {
            var (draw, counts) = (stream.Derive((ulong)b), new int[count]);
            for (var i = 0; i < count; i++)
                counts[draw.NextInt(count)]++;
            for (var s = 0; s < statistics.Count; s++)
                Assert.Equal(statistics[s].Evaluate(counts), replicates[s][b], 1e-11);
        }

        Assert.All(replicates, r => Assert.True(r.Distinct().Count() > Resamples / 2));
    }

    [Fact]
    public void Draw_WithOneProcessorOrMany_GivesTheSameDigits()
    {
        var (statistics, stream) = (Statistics(150, 30), RandomStream.Create(6, "resamples"));
        var resamples = new EpisodeResamples(statistics);
        var (many, one) = (resamples.Draw(100, stream, default, processors: 4), resamples.Draw(100, stream, default, processors: 1));
        Assert.Equal(one, many);
        // Resample b draws from child b: asking for fewer gives the first ones.
        Assert.Equal(one[0][..7], resamples.Draw(7, stream, default)[0]);
    }

    static List<EpisodeStatistic> Statistics(int count, int longest)
    {
        var stream = RandomStream.Create(4, "log");
        var first = new List<int> { 0 };
        for (var i = 0; i < count; i++)
            first.Add(first[^1] + 1 + stream.NextInt(longest));
        double[] Draws(double center) => Enumerable.Range(0, first[^1]).Select(_ => center + (0.5 * stream.NextGaussian())).ToArray();
        var episodes = LoggedEpisodes.Create(first.ToArray(), Draws(1), Draws(0), Draws(0));
        var values = new ValueColumns(Draws(1), Draws(1));
        return
        [
            .. EstimatorsTests.All.Select(estimator => estimator(episodes, 0.9)),
            DoublyRobustEstimators.DirectMethod(episodes, values),
            DoublyRobustEstimators.DoublyRobust(episodes, values, 0.9),
            DoublyRobustEstimators.WeightedDoublyRobust(episodes, values, 0.9),
            EpisodeStatistic.Ratio(Draws(1)[..count], Draws(3)[..count], Draws(2)[..count]),
        ];
    }
}
