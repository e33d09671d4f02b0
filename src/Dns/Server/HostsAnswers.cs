using Dataplane.Dns.Hosts;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>Answers from a hosts file.</summary>
internal static class HostsAnswers
{
    /// <returns>False when the name is left to what comes after.</returns>
    internal static bool TryAnswer(HostsFile hosts, ref ReplyBuilder reply, in NameView name, RecordType type, uint rotation, out ResponseCode code)
    {
        code = ResponseCode.NoError;
        var (table, plan) = (hosts.Current, hosts.Plan);
        if (table.Find(name) is { } host)
        {
            if (host.OfType(type) is { } addresses)
            {
                var written = addresses.Write(ref reply.Writer, DnsHeader.Size, (int)(((ulong)rotation * (uint)addresses.Count) >> 32));
                reply.AddAnswers(written);
                reply.Truncated = written < addresses.Count;
            }

            return true;
        }

        if (table.FindPointers(name) is { } names)
        {
            foreach (var target in type is RecordType.PTR ? names : [])
            {
                var record = new ZoneRecord(name.Wire.ToArray(), RecordType.PTR, plan.Ttl, target);
                if (!record.TryWrite(ref reply.Writer, name))
                {
                    reply.Truncated = true;
                    break;
                }

                reply.AddAnswers(1);
            }

            return true;
        }

        // The reverse name of an address that no line has is always somebody else's.
        if (type is RecordType.PTR || !NameSuffix.AnyCovers(plan.Zones, name) || NameSuffix.AnyCovers(plan.FallThrough, name))
        {
            return false;
        }

        // It does not exist here, but a hosts file has no SOA to say so with: CoreDNS's answer.
        code = ResponseCode.ServFail;
        return true;
    }
}
