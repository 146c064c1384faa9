using System.Runtime.InteropServices;

namespace OfflineRL.Datasets;

/// <summary>Writes the final observations, one row an episode: float32, or bytes where the space has bytes; zeros where unknown.</summary>
sealed class FinalObservationsWriter(string path, TrajectorySchema schema, int episodes, Action<string, string> onFinished) : IDisposable
{
    readonly NpyWriter<float>? _floats = schema.ObservationsAreBytes ? null : new(path, episodes, schema.ObservationWidth, onFinished);
    readonly NpyWriter<byte>? _bytes = schema.ObservationsAreBytes ? new(path, episodes, schema.ObservationWidth, onFinished) : null;
    readonly byte[] _zeros = new byte[schema.ObservationWidth * (schema.ObservationsAreBytes ? 1 : sizeof(float))];

    /// <param name="final">As <see cref="EpisodesReader.Visitor"/> has it.</param>
    public void Write(ReadOnlySpan<byte> final)
    {
        ReadOnlySpan<byte> row = final.IsEmpty ? _zeros : final;
        if (_bytes is not null)
        {
            _bytes.Write(row);
        }
        else if (schema.ObservationsAreDiscrete)
        {
            _floats!.Write([MemoryMarshal.Cast<byte, int>(row)[0]]);
        }
        else
        {
            _floats!.Write(MemoryMarshal.Cast<byte, float>(row));
        }
    }

    public void Finish()
    {
        _floats?.Finish();
        _bytes?.Finish();
    }

    public void Dispose()
    {
        _floats?.Dispose();
        _bytes?.Dispose();
    }
}
