using OfflineRL.Datasets;
using OfflineRL.Train.WorldModels;
using TorchSharp;
using static TorchSharp.torch;

namespace OfflineRL.Tests.Train.WorldModels.Pictures;

public sealed class LatentTraversalTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly string _folder = Directory.CreateTempSubdirectory("offlinerl-traversal-").FullName;

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    // A memory of one number, then the code; what is decoded is the code, weighted, and the memory.
    sealed class Coded(LatentCode? code) : IWorldModel
    {
        public int LatentWidth => 7;

        public int ActionWidth => 1;

        public LatentCode? Code => code;

        public Tensor Encode(ModelSequences sequences, Generator? generator) => sequences.Observations;

        public DreamStep Step(Tensor latent, Tensor action, Generator? generator) => throw new NotSupportedException();

        public Tensor Decode(Tensor latent) => cat([latent.narrow(-1, 1, 6).mul(arange(1, 7, dtype: ScalarType.Float32)), latent.narrow(-1, 0, 1)], -1);

        public void Dispose()
        {
        }
    }

    [Fact]
    public void Of_Numbers_MovesEachThroughThreeOfItsDeviations_AndNothingElse()
    {
        // Of the three numbers the first varies by 1 around 5, the second never, the third by 2 around 0; of the memory and of what follows the code nothing is moved.
        var latents = tensor(new float[,] { { 9, 4, 8, -2, 1, 1, 1 }, { 9, 6, 8, 2, 1, 1, 1 } });
        var traversal = LatentTraversal.Of(new Coded(new(1, 3, 1)), BoxSpace.Unbounded(7), latents, latents)!;
        Assert.Equal([6f, 16, 6, 4, 5, 6, 9], traversal.State);
        Assert.Equal([(2, 1, 2.0), (0, 1, 1.0)], traversal.Sweeps.Select(s => (s.Variable, s.Classes, s.Spread)));
        Assert.Equal([-6f, -4, -2, 0, 2, 4, 6], traversal.Sweeps[0].Pictures.Select(p => p[2] / 3));
        Assert.Equal([2f, 3, 4, 5, 6, 7, 8], traversal.Sweeps[1].Pictures.Select(p => p[0]));
        Assert.All(traversal.Sweeps[1].Pictures, p => Assert.Equal(traversal.State[1..], p[1..]));
    }

    [Fact]
    public void Of_Classes_ShowsEachOfThoseThatOccurApart()
    {
        // Two variables of three classes: the first is always class 2, the second 0 or 1.
        var latents = tensor(new float[,] { { 9, 0, 0, 1, 1, 0, 0 }, { 9, 0, 0, 1, 0, 1, 0 } });
        var traversal = LatentTraversal.Of(new Coded(new(1, 2, 3)), BoxSpace.Unbounded(7), latents, latents)!;
        var sweep = Assert.Single(traversal.Sweeps);
        Assert.Equal((1, 3), (sweep.Variable, sweep.Classes));
        Assert.Equal(Math.Log(2), sweep.Spread, 1e-9);
        Assert.Equal([[0, 0, 3, 4, 0, 0, 9], [0, 0, 3, 0, 5, 0, 9], [0, 0, 3, 0, 0, 6, 9]], sweep.Pictures);
        // A label and four pictures: the state as it is, and a class each.
        Assert.InRange(traversal.Strip().Width, 4 * 60, 5 * 64);
    }

    [Fact]
    public void Of_AStateThatIsTheObservation_IsNothing()
    {
        var latents = ones(2, 7);
        Assert.Null(LatentTraversal.Of(new Coded(null), BoxSpace.Unbounded(7), latents, latents));
        Assert.Null(LatentTraversal.Of(new Coded(new(1, 3, 1)), BoxSpace.Unbounded(7), latents, latents));
    }

    [Fact]
    public void Write_DrawsARowForEachVariable()
    {
        var latents = arange(14, dtype: ScalarType.Float32).sin().reshape(2, 7);
        var traversal = LatentTraversal.Of(new Coded(new(1, 3, 1)), BoxSpace.Unbounded(7), latents, latents)!;
        traversal.Write(_folder);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], File.ReadAllBytes(Path.Combine(_folder, "traversal.png"))[..4]);
        var strip = traversal.Strip();
        Assert.Equal(12 + (3 * 64), strip.Height);
        // The state, then seven pictures of which no two neighbors are alike.
        var cells = Enumerable.Range(0, 8).Select(i => Enumerable.Range(0, 60 * 60).Select(k => strip[strip.Width - ((8 - i) * 64) + (k % 60), 12 + (k / 60)]).ToArray()).ToList();
        Assert.All(Enumerable.Range(1, 6), i => Assert.NotEqual(cells[i], cells[i + 1]));
        Assert.Contains(cells[0], color => color != strip[0, 0]);
    }
}
