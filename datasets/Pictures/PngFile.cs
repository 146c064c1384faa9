namespace OfflineRL.Datasets;

/// <summary>Writes pictures as PNG.</summary>
public static class PngFile
{
    /// <summary>Writes a file that appears whole or not at all.</summary>
    /// <param name="path">Its folder must be there.</param>
    /// <param name="picture">What it shows.</param>
    /// <param name="replace">Whether a file of that name may be replaced.</param>
    /// <exception cref="UserErrorException">The file exists and is not to be replaced, or cannot be written.</exception>
    public static void Write(string path, Canvas picture, bool replace = false)
    {
        using var file = PendingFile.Create(path, replace);
        file.Stream.Write(PngChunks.Signature);
        PngChunks.WriteHeader(file.Stream, picture.Width, picture.Height);
        PngChunks.Write(file.Stream, "IDAT", PngChunks.Compress(picture, Area.Of(picture), []));
        PngChunks.Write(file.Stream, "IEND", []);
        file.Commit();
    }
}
