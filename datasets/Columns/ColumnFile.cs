using System.Globalization;
using System.Security.Cryptography;

namespace OfflineRL.Datasets;

/// <summary>A file of a folder of columns as it was written, by which a changed one is known.</summary>
/// <remarks>
/// Opening compares size, time and a sample of blocks, which costs nothing. A file whose time differs is read in whole, once: where it is
/// the same it was only copied or touched, and gets its time back.
/// </remarks>
public sealed record ColumnFile
{
    const int SampleBlocks = 8, BlockBytes = 4096;

    /// <summary>Relative to the folder.</summary>
    public required string Path { get; init; }

    public required long Bytes { get; init; }

    /// <summary>When it was written last, UTC.</summary>
    public required DateTime Modified { get; init; }

    /// <summary>Of eight blocks of 4 KiB, evenly from the first to the last byte; of all of it where it is no larger.</summary>
    public required string SampleSha256 { get; init; }

    /// <summary>Of all of it.</summary>
    public required string Sha256 { get; init; }

    /// <summary>A file that was just written.</summary>
    internal static ColumnFile Of(string folder, string name, string sha256)
    {
        FileInfo file = new(System.IO.Path.Combine(folder, name));
        return new() { Path = name, Bytes = file.Length, Modified = file.LastWriteTimeUtc, SampleSha256 = Sample(file), Sha256 = sha256 };
    }

    /// <summary>Whether the file is what it was, as far as a sample shows.</summary>
    /// <exception cref="UserErrorException">It is not.</exception>
    internal void Require(string folder)
    {
        if (Fault(folder, whole: false) is { } fault)
        {
            throw Throw.ChangedColumns(folder, fault);
        }
    }

    /// <summary>What is wrong with the file; null: nothing.</summary>
    /// <param name="folder">Where it lies.</param>
    /// <param name="whole">Whether every byte is read, or only where its time says so.</param>
    internal string? Fault(string folder, bool whole)
    {
        // The description is a file too, which may have been written elsewhere.
        FileInfo file = new(System.IO.Path.Combine(folder, Path));
        if (Path != System.IO.Path.GetFileName(Path) || !file.Exists)
        {
            return $"'{Path}' is missing";
        }

        if (file.Length != Bytes)
        {
            return $"'{Path}' has {file.Length} bytes, expected {Bytes}";
        }

        bool sameTime = file.LastWriteTimeUtc == Modified;
        if ((whole || !sameTime) && Hash(file) != Sha256)
        {
            return $"'{Path}' has another SHA-256 than it was written with{(sameTime ? "" : string.Create(CultureInfo.InvariantCulture, $"; it was changed at {file.LastWriteTimeUtc:u}"))}";
        }

        if (!sameTime)
        {
            TrySetTime(file);
            return null;
        }

        return whole || Sample(file) == SampleSha256 ? null : $"'{Path}' holds other bytes than it was written with";
    }

    static string Hash(FileInfo file)
    {
        using FileStream stream = new(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    static string Sample(FileInfo file)
    {
        using var handle = File.OpenHandle(file.FullName);
        byte[] bytes = new byte[Math.Min(file.Length, SampleBlocks * BlockBytes)];
        if (bytes.Length < SampleBlocks * BlockBytes)
        {
            RandomAccess.Read(handle, bytes, 0);
            return Convert.ToHexStringLower(SHA256.HashData(bytes));
        }

        for (int block = 0; block < SampleBlocks; block++)
        {
            RandomAccess.Read(handle, bytes.AsSpan(block * BlockBytes, BlockBytes), (file.Length - BlockBytes) * block / (SampleBlocks - 1));
        }

        return Convert.ToHexStringLower(SHA256.HashData(bytes));
    }

    // On a folder that cannot be written the next opening reads it all again.
    void TrySetTime(FileInfo file)
    {
        try
        {
            file.LastWriteTimeUtc = Modified;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
        }
    }
}
