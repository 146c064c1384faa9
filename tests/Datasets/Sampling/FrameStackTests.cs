using OfflineRL.Datasets;

namespace OfflineRL.Tests.Datasets.Sampling;

/// <summary>Stacks of frames, put together as they are read.</summary>
public sealed class FrameStackTests : IDisposable
{
    readonly EpisodeData _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Stack_OfBytes_HoldsTheFramesBeforeAndRepeatsTheFirst()
    {
        const int Steps = 6, Size = EpisodeData.FrameBytes;
        using var columns = _data.WriteFrames("frames", episodes: 2, Steps);
        TransitionIndex index = new(EpisodeData.All(columns), new());
        Assert.Equal(2 * Steps, index.Count);
        var encoder = ObservationEncoder.Of(columns.Info.ObservationSpace, frames: 4);
        Assert.Equal([4, 84, 84], encoder.Shape);
        GatheredBatch batch = new(index.Count, encoder.Size), bytes = new(index.Count, 0, 4 * Size);
        using (TransitionReader reader = new(index, encoder))
        {
            reader.Read([.. Enumerable.Range(0, index.Count)], batch.Target, 0);
            reader.Read([.. Enumerable.Range(0, index.Count)], bytes.Target, 0);
        }

        for (var item = 0; item < index.Count; item++)
        {
            var (episode, step) = (item / Steps, item % Steps);
            AssertStack(batch.Observations, bytes.ObservationBytes, item, episode, step);
            AssertStack(batch.NextObservations, bytes.NextObservationBytes, item, episode, step + 1);
        }

        // Oldest first; steps before the first are the first again; the final observation is the newest of the last stack.
        void AssertStack(float[] features, byte[] stored, int item, int episode, int step)
        {
            for (var frame = 0; frame < 4; frame++)
            {
                var expected = Frame(columns, episode, Math.Max(0, step - 3 + frame));
                Assert.Equal((episode, Math.Max(0, step - 3 + frame)), (expected[0], expected[1]));
                var at = (item * 4 * Size) + (frame * Size);
                Assert.True(expected.SequenceEqual(stored.AsSpan(at, Size)), $"bytes of episode {episode}, step {step}, frame {frame}");
                for (var i = 0; i < Size; i++)
                {
                    if (features[at + i] != expected[i] * (1 / 255f))
                        Assert.Fail($"episode {episode}, step {step}, frame {frame}, number {i}: {features[at + i]}, expected {expected[i]} / 255");
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void FramesThatMemoryDoesNotHold_ReadAsTheSame(int frames)
    {
        const int Steps = 40, Size = EpisodeData.FrameBytes;
        using var columns = _data.WriteFrames("large", episodes: 5, Steps);
        TransitionIndex index = new(EpisodeData.All(columns), new());
        var encoder = ObservationEncoder.Of(columns.Info.ObservationSpace, frames);
        int[] items = [.. Enumerable.Range(0, index.Count).Select(i => i * 37 % index.Count)];
        var held = Read(isBeyond: false);
        // 5 x 40 frames of 7,056 bytes: 1.4 MB.
        columns.MemoryBytes = 2_000_000;
        var beyond = Read(isBeyond: true);
        Assert.Equal(held.ObservationBytes, beyond.ObservationBytes);
        Assert.Equal(held.NextObservationBytes, beyond.NextObservationBytes);

        GatheredBatch Read(bool isBeyond)
        {
            GatheredBatch batch = new(index.Count, 0, frames * Size);
            using TransitionReader reader = new(index, encoder);
            Assert.Equal(isBeyond, reader.IsBeyondMemory);
            reader.Read(items, batch.Target, 0);
            return batch;
        }
    }

    [Fact]
    public void Frames_AreOnTheDiskOnce()
    {
        using var columns = _data.WriteFrames("once", episodes: 3, steps: 5);
        var bytes = new FileInfo(Path.Combine(columns.Folder, "observations.npy")).Length + new FileInfo(Path.Combine(columns.Folder, "final_observations.npy")).Length;
        Assert.Equal((3 * 6 * EpisodeData.FrameBytes) + (2 * 128), bytes);
    }

    [Fact]
    public void Stack_OfFloats_NeverReachesIntoTheEpisodeBefore()
    {
        using var columns = _data.Write("floats", episodes: 3, steps: 3, End.Cut, End.Terminated, End.CutUnseen);
        TransitionIndex index = new(EpisodeData.All(columns), new());
        var encoder = ObservationEncoder.Of(columns.Info.ObservationSpace, frames: 3);
        GatheredBatch batch = new(index.Count, encoder.Size);
        using TransitionReader reader = new(index, encoder);
        reader.Read([.. Enumerable.Range(0, index.Count)], batch.Target, 0);
        for (var item = 0; item < index.Count; item++)
        {
            var (episode, step) = (item / 3, item % 3);
            Assert.Equal(Stack(episode, step), batch.Observations[(item * 6)..((item * 6) + 6)]);
            Assert.Equal(Stack(episode, step + 1), batch.NextObservations[(item * 6)..((item * 6) + 6)]);
        }

        static float[] Stack(int episode, int step) =>
            [.. Enumerable.Range(0, 3).SelectMany(frame => new float[] { episode, Math.Max(0, step - 2 + frame) })];
    }

    static ReadOnlySpan<byte> Frame(TrainingColumns columns, int episode, int step)
    {
        var rows = columns.EpisodeFirstRow.Slice(episode, 2);
        return rows[0] + step == rows[1] ? columns.FinalObservationBytes![episode] : columns.ObservationBytes![rows[0] + step];
    }
}
