using OfflineRL.Datasets;

namespace OfflineRL.Environments;

/// <summary>Adds independent Gaussian draws of one standard deviation.</summary>
sealed class NoiseStage(int width, double deviation, int count) : RowStage
{
    readonly RandomStream[] _random = new RandomStream[count];
    readonly float[] _shown = new float[count * width];

    public override int Width => width;

    /// <exception cref="UserErrorException">The observations are discrete.</exception>
    public static BoxSpace Result(EnvironmentIdentity identity, Space input) => input is BoxSpace box
        ? BoxSpace.Unbounded(box.FlatSize) with { Shape = box.Shape }
        : throw Throw.WrapperNeedsNumbers(identity, WrapperParameters.Noise, input);

    public override void Seed(int instance, ulong seed) => _random[instance] = RandomStream.Create(seed, "observation noise");

    public override void Start(int instance, ReadOnlySpan<float> input, Span<float> output) => Next(instance, input, output);

    public override void Next(int instance, ReadOnlySpan<float> input, Span<float> output)
    {
        var random = _random[instance];
        for (var i = 0; i < output.Length; i++)
            output[i] = (float)(input[i] + (deviation * random.NextGaussian()));
        output.CopyTo(Shown(instance));
    }

    public override void Again(int instance, ReadOnlySpan<float> input, Span<float> output) => Shown(instance).CopyTo(output);

    public override void Save(int instance, List<float> numbers, List<RandomState> streams)
    {
        numbers.AddRange(Shown(instance));
        streams.Add(_random[instance].GetState());
    }

    public override void Restore(int instance, WrapperMemory memory)
    {
        memory.Numbers(width).CopyTo(Shown(instance));
        _random[instance] = RandomStream.Create(0, "observation noise");
        _random[instance].SetState(memory.Stream());
    }

    Span<float> Shown(int instance) => _shown.AsSpan(instance * width, width);
}
