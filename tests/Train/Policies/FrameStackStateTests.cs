using OfflineRL.Datasets;
using OfflineRL.Tests.Datasets.Sampling;
using OfflineRL.Train;

namespace OfflineRL.Tests.Train.Policies;

public sealed class FrameStackStateTests : IDisposable
{
    readonly EpisodeData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Push_StepByStep_GivesTheStacksThatTrainingReads()
    {
        const int Steps = 6;
        using var columns = _data.WriteFrames("frames", episodes: 3, Steps);
        var encoder = ObservationEncoder.Of(columns.Info.ObservationSpace, frames: 4);
        TransitionIndex index = new(EpisodeData.All(columns), new());
        GatheredBatch trained = new(index.Count, encoder.Size);
        using (TransitionReader reader = new(index, encoder))
            reader.Read([.. Enumerable.Range(0, index.Count)], trained.Target, 0);

        // Two instances: one plays episodes 0 and 2, the other episode 1 and nothing after it that is looked at.
        FrameStackState state = new(encoder, 2);
        var (frames, stacks) = (new float[2 * encoder.FrameWidth], new float[2 * encoder.Size]);
        for (var t = 0; t < 2 * Steps; t++)
        {
            var rows = new[] { t < Steps ? t : Steps + t, Steps + (t % Steps) };
            for (var i = 0; i < 2; i++)
            {
                var frame = columns.ObservationBytes![rows[i]];
                for (var d = 0; d < frame.Length; d++)
                    frames[(i * frame.Length) + d] = frame[d];
            }

            state.Push(frames, [t % Steps == 0, t % Steps == 0], stacks);
            for (var i = 0; i < 2; i++)
                Assert.True(stacks.AsSpan(i * encoder.Size, encoder.Size).SequenceEqual(trained.Observations.AsSpan(rows[i] * encoder.Size, encoder.Size)), $"row {rows[i]}");
        }
    }

    [Fact]
    public void State_ThatIsMissing_OrOfAnotherSize_IsRefused()
    {
        var encoder = ObservationEncoder.Of(BoxSpace.Unbounded(2), frames: 3);
        Assert.Throws<ArgumentException>(() => FrameStackState.Require(null, 2));
        Assert.Throws<ArgumentException>(() => FrameStackState.Require(new FrameStackState(encoder, 3), 2));
    }
}
