using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets;

public sealed class EpisodeFoldTests
{
    [Fact]
    public void Folds_PartTheEpisodesEvenly_WhateverTheSplit()
    {
        var split = SplitRule.Parse("train=0.5,test=0.5", 0);
        var counts = new int[2, 5];
        for (var i = 0; i < 10_000; i++)
        {
            var hash = EpisodeFold.Hash($"run:{i}");
            var fold = EpisodeFold.Of(hash, 5);
            counts[split.IndexOf($"run:{i}"), fold]++;
            for (var k = 0; k < 5; k++)
            {
                Assert.Equal(k == fold, new EpisodeFold(5, k, Inside: true).Takes(hash));
                Assert.Equal(k != fold, new EpisodeFold(5, k, Inside: false).Takes(hash));
            }
        }

        foreach (var count in counts)
            Assert.InRange(count, 880, 1120);
    }

    [Fact]
    public void TheFoldOfAKey_IsWhatItWasAlways() =>
        Assert.Equal([0, 0, 2], new[] { "a", "e", "f" }.Select(k => EpisodeFold.Of(EpisodeFold.Hash(k), 3)));
}
