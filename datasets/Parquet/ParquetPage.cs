using System.Buffers;

namespace OfflineRL.Datasets;

/// <summary>What stands in front of a page's bytes. https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift</summary>
static class ParquetPage
{
    /// <summary>Parquet's numbers of its encodings.</summary>
    public const int Plain = 0, Levels = 3, Dictionary = 8;

    /// <summary>A page of data, of the first version of the format, which every reader knows.</summary>
    /// <param name="output">Takes the header.</param>
    /// <param name="values">With the missing ones.</param>
    /// <param name="encoding">Of the values.</param>
    /// <param name="bytes">Of the page before compression.</param>
    /// <param name="compressed">Of the page as it follows.</param>
    public static void WriteHeader(ArrayBufferWriter<byte> output, int values, int encoding, int bytes, int compressed)
    {
        const int dataPage = 0;
        var thrift = new ThriftWriter(output);
        thrift.Begin();
        thrift.Int32(1, dataPage);
        thrift.Int32(2, bytes);
        thrift.Int32(3, compressed);
        thrift.Begin(5);
        thrift.Int32(1, values);
        thrift.Int32(2, encoding);
        thrift.Int32(3, Levels);
        thrift.Int32(4, Levels);
        thrift.End();
        thrift.End();
    }

    /// <summary>A page of a dictionary's values, plain.</summary>
    public static void WriteDictionaryHeader(ArrayBufferWriter<byte> output, int values, int bytes, int compressed)
    {
        const int dictionaryPage = 2;
        var thrift = new ThriftWriter(output);
        thrift.Begin();
        thrift.Int32(1, dictionaryPage);
        thrift.Int32(2, bytes);
        thrift.Int32(3, compressed);
        thrift.Begin(7);
        thrift.Int32(1, values);
        thrift.Int32(2, Plain);
        thrift.End();
        thrift.End();
    }
}
