using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The items of a list in protobuf, encoded twice rather than kept: once for their lengths, once to go out.</summary>
internal sealed class ProtobufList(IReadOnlyList<StoredObject> items, TypeSchema type)
{
    private const int ItemField = 2;

    /// <summary>JSON that is encoded at a time. What comes of it fits a processor's cache, and is no large object to the collector.</summary>
    private const int PartBytes = 96 * 1024;

    /// <summary>Room a buffer wants for what it writes next.</summary>
    private const int Slack = 64;

    public static TypeSchema Metadata { get; } = SchemaTable.Kubernetes.Type("meta.ListMeta");

    /// <summary>Bytes of all items with their heads, once they are measured.</summary>
    public long Length { get; private set; }

    /// <summary>Counts what has not been counted before.</summary>
    public void Measure()
    {
        if (items.Any(item => item.ProtobufLength == 0))
        {
            Parallel.ForEach(Parts(), part =>
            {
                using var scratch = new JsonScratch();
                using var output = new ProtobufBuffer();
                for (var i = part.From; i < part.To; i++)
                {
                    output.Clear();
                    ProtobufTranscoder.Write(scratch.Of(items[i]).Span, type, output);
                    items[i].ProtobufLength = output.Length;
                }
            });
        }

        Length = LengthOf(0, items.Count);
    }

    /// <summary>Writes the items in their order.</summary>
    public async Task WriteAsync(ListOutput output)
    {
        var ahead = new Queue<Task<ProtobufBuffer>>();
        using var parts = Parts().GetEnumerator();
        try
        {
            do
            {
                while (ahead.Count <= Environment.ProcessorCount && parts.MoveNext())
                {
                    var part = parts.Current;
                    ahead.Enqueue(Task.Run(() => Encode(part.From, part.To)));
                }

                if (ahead.TryDequeue(out var next))
                {
                    using var encoded = await next;
                    await output.WriteAsync(encoded.Written);
                }
            }
            while (ahead.Count > 0);
        }
        finally
        {
            // Only after a failure there are any.
            foreach (var rest in ahead)
            {
                using var unused = await rest;
            }
        }
    }

    private ProtobufBuffer Encode(int from, int to)
    {
        var length = LengthOf(from, to);
        var output = new ProtobufBuffer((int)length + Slack);
        using var scratch = new JsonScratch();
        for (var i = from; i < to; i++)
        {
            var item = output.Begin(ItemField);
            ProtobufTranscoder.Write(scratch.Of(items[i]).Span, type, output);
            output.End(item);
        }

        return output.Length == length
            ? output
            : throw new InvalidOperationException($"{items[from].Key} and what follows: {output.Length} bytes in protobuf, {length} were counted");
    }

    private long LengthOf(int from, int to)
    {
        var length = 0L;
        for (var i = from; i < to; i++)
        {
            var size = items[i].ProtobufLength;
            length += 1 + ProtobufBuffer.Size((ulong)size) + size;
        }

        return length;
    }

    private IEnumerable<(int From, int To)> Parts()
    {
        for (var from = 0; from < items.Count;)
        {
            var to = from;
            for (var bytes = 0L; to < items.Count && bytes < PartBytes; to++)
            {
                bytes += items[to].JsonLength;
            }

            yield return (from, to);
            from = to;
        }
    }
}
