using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Server;

/// <summary>Answers from the cluster's names: what a name has, what it is an alias of, and what its client would ask for next.</summary>
internal static class ClusterAnswers
{
    /// <param name="asked">What.</param>
    /// <param name="reply">Takes the answer.</param>
    /// <param name="snapshot">The names of this instant.</param>
    /// <param name="cluster">What is passed on instead of denied.</param>
    internal static Reply Resolve(in AskedQuestion asked, ref ReplyBuilder reply, ZoneSnapshot snapshot, KubernetesPlan cluster)
    {
        var name = asked.Query.Name;
        var finding = ZoneLookup.Find(snapshot, name, asked.Query.Type);
        if (finding.Kind is FindingKind.CanonicalName)
        {
            return Follow(asked, ref reply, snapshot, finding.Service!.CanonicalName!, snapshot.Ttl);
        }

        if (finding.Kind is FindingKind.NotOurs)
        {
            // Until the lists are in, a reverse name may be the cluster's and must not leak to an upstream that denies it.
            return !snapshot.Synced && AddressNames.IsReverse(name)
                ? Reply.Sent(ref reply, ResponseCode.ServFail, 0)
                : ForwardAnswers.HandOver(asked, ref reply, snapshot.Ttl, []);
        }

        if (finding.Kind is FindingKind.NameError)
        {
            if (!snapshot.Synced)
            {
                return Reply.Sent(ref reply, ResponseCode.ServFail, 0);
            }

            if (cluster.FallThrough.Length > 0 && NameSuffix.AnyCovers(cluster.FallThrough, name) && asked.Site.ForwarderOf(name) is not null)
            {
                return ForwardAnswers.HandOver(asked, ref reply, snapshot.Ttl, []);
            }

            if (asked.Site.Plan.Autopath is { } autopath && SearchList.Of(autopath, snapshot, name, asked.Client) is { } search)
            {
                return WalkSearchList(asked, search, ref reply, snapshot, finding);
            }
        }

        return Found(asked, ref reply, snapshot, finding);
    }

    private static Reply Found(in AskedQuestion asked, ref ReplyBuilder reply, ZoneSnapshot snapshot, in Finding finding)
    {
        var code = ZoneAnswers.Write(ref reply, snapshot, finding, asked.Query.Name, DnsHeader.Size, asked.Rotation);
        return Reply.Sent(ref reply, code, DnsHeader.AA | asked.RecursionAvailable);
    }

    /// <summary>What the client would ask for next, and next: the first name that exists answers at once (autopath).</summary>
    private static Reply WalkSearchList(in AskedQuestion asked, List<byte[]> search, ref ReplyBuilder reply, ZoneSnapshot snapshot, in Finding denial)
    {
        Span<byte> offsets = stackalloc byte[NameView.MaxLabels];
        for (var i = 0; i < search.Count; i++)
        {
            var name = NameView.Split(search[i], offsets);
            var finding = ZoneLookup.Find(snapshot, name, asked.Query.Type);
            if (finding.Kind is FindingKind.NotOurs)
            {
                // From here on it takes an upstream to tell. What it must be able to say is that there is nothing at all.
                if (asked.Site.ForwarderOf(name) is not { } forwarder || !asked.WantsRecursion)
                {
                    break;
                }

                var request = asked.Request(search[i]) with { AliasTtl = snapshot.Ttl, Forwarder = forwarder, Others = asked.Site.After(forwarder, name), Alternatives = search[i..] };
                var denied = Found(asked, ref reply, snapshot, denial);
                return new Reply(Disposition.Forward, 0, Request: request with { Denial = asked.Buffer[..denied.Length].ToArray() });
            }

            if (finding.Kind is not (FindingKind.NameError or FindingKind.CanonicalName))
            {
                var at = Alias(ref reply, DnsHeader.Size, search[i], snapshot.Ttl);
                if (at < 0)
                {
                    break;
                }

                var code = ZoneAnswers.Write(ref reply, snapshot, finding, name, at, asked.Random);
                return Reply.Sent(ref reply, code, DnsHeader.AA | asked.RecursionAvailable);
            }
        }

        return Found(asked, ref reply, snapshot, denial);
    }

    /// <summary>An alias of the question's name, then what its target has: in the cluster as far as it leads there and upstream from where it leaves.</summary>
    /// <param name="asked">What.</param>
    /// <param name="reply">Takes the answer.</param>
    /// <param name="snapshot">The names of this instant.</param>
    /// <param name="target">Where it leads, lower case, wire form.</param>
    /// <param name="ttl">Of the alias.</param>
    /// <param name="mayEndOutside">Whether an alias that leads to where nobody can be asked is an answer all the same.</param>
    internal static Reply Follow(in AskedQuestion asked, ref ReplyBuilder reply, ZoneSnapshot snapshot, byte[] target, uint ttl, bool mayEndOutside = false)
    {
        // Aliases followed within the cluster before the chain counts as a loop.
        const int MaxAliases = 10;
        Span<byte> offsets = stackalloc byte[NameView.MaxLabels];
        var chain = new List<byte[]>();
        var (at, code) = (DnsHeader.Size, ResponseCode.NoError);
        while (true)
        {
            chain.Add(target);
            if (chain.Count > MaxAliases)
            {
                return Reply.Sent(ref reply, ResponseCode.ServFail, 0);
            }

            at = Alias(ref reply, at, target, chain.Count == 1 ? ttl : snapshot.Ttl);
            if (at < 0)
            {
                reply.Truncated = true;
                break;
            }

            if (asked.Query.Type is RecordType.CNAME or RecordType.ANY)
            {
                break;
            }

            var name = NameView.Split(target, offsets);
            var finding = asked.Site.Plan.Kubernetes is null ? Finding.NotOurs : ZoneLookup.Find(snapshot, name, asked.Query.Type);
            if (finding.Kind is FindingKind.NotOurs)
            {
                if (mayEndOutside && asked.Site.ForwarderOf(name) is null)
                {
                    break;
                }

                return ForwardAnswers.HandOver(asked, ref reply, ttl, chain);
            }

            if (finding.Kind is not FindingKind.CanonicalName)
            {
                code = finding.Kind is FindingKind.NameError && !snapshot.Synced
                    ? ResponseCode.ServFail
                    : ZoneAnswers.Write(ref reply, snapshot, finding, name, at, asked.Random);
                break;
            }

            target = finding.Service!.CanonicalName!;
        }

        return Reply.Sent(ref reply, code, DnsHeader.AA | asked.RecursionAvailable);
    }

    /// <summary>Writes a CNAME record.</summary>
    /// <param name="reply">Without a part of it when there was no room.</param>
    /// <param name="owner">Offset of the owner's name in the message.</param>
    /// <param name="target">Wire form.</param>
    /// <param name="ttl">Seconds.</param>
    /// <returns>Offset of the target in the message; -1 when there was no room.</returns>
    private static int Alias(ref ReplyBuilder reply, int owner, byte[] target, uint ttl)
    {
        var start = reply.Writer.Position;
        reply.Writer.Pointer(owner);
        reply.Writer.RecordFields(RecordType.CNAME, ttl, target.Length);
        var at = reply.Writer.Position;
        reply.Writer.Bytes(target);
        if (reply.Writer.Overflowed)
        {
            reply.Writer.Rewind(start);
            return -1;
        }

        reply.AddAnswers(1);
        return at;
    }
}
