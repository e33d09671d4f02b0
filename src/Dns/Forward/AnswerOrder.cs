using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Forward;

/// <summary>The order in which an upstream's answer is given.</summary>
internal static class AnswerOrder
{
    /// <summary>Addresses and mail exchangers begin with another one each time; aliases, and all else, stay where they stand (loadbalance).</summary>
    /// <param name="message">The upstream's.</param>
    /// <param name="start">Where the first answer begins.</param>
    /// <param name="answers">How many there are.</param>
    /// <param name="rotation">Any number.</param>
    /// <returns>Where each record begins, and last where the answers end; null when the message is malformed.</returns>
    internal static int[]? Rotated(ReadOnlySpan<byte> message, int start, int answers, uint rotation)
    {
        Span<byte> name = stackalloc byte[NameView.MaxLength];
        var reader = new DnsReader(message, start);
        var (starts, places) = (new int[answers + 1], new List<int>());
        for (var i = 0; i < answers; i++)
        {
            starts[i] = reader.Position;
            if (!reader.TryRecord(name, out var record))
            {
                return null;
            }

            if (record.Type is RecordType.A or RecordType.AAAA or RecordType.MX)
            {
                places.Add(i);
            }
        }

        starts[answers] = reader.Position;
        var moved = places.ConvertAll(place => starts[place]);
        var first = (int)(((ulong)rotation * (uint)places.Count) >> 32);
        for (var i = 0; i < places.Count; i++)
        {
            starts[places[i]] = moved[(first + i) % places.Count];
        }

        return starts;
    }
}
