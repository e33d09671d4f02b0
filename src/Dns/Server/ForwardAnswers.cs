using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>What becomes of names that are not held here.</summary>
internal static class ForwardAnswers
{
    /// <summary>
    /// Hands over to the forwarder that takes the name. Without one, or for a client that did not ask for recursion, other zones are
    /// refused at once; an alias that leads to them has no answer.
    /// </summary>
    /// <param name="asked">What.</param>
    /// <param name="reply">Takes the refusal.</param>
    /// <param name="ttl">Of the aliases.</param>
    /// <param name="aliases">From the question's name to where it leaves the cluster.</param>
    internal static Reply HandOver(in AskedQuestion asked, ref ReplyBuilder reply, uint ttl, List<byte[]> aliases)
    {
        var name = aliases.Count == 0 ? asked.Query.Name : NameView.Split(aliases[^1], stackalloc byte[NameView.MaxLabels]);
        if (asked.Site.ForwarderOf(name) is { } forwarder && (aliases.Count > 0 || asked.WantsRecursion))
        {
            var request = asked.Request(name.Wire.ToArray()) with { Aliases = aliases, AliasTtl = ttl, Forwarder = forwarder, Others = asked.Site.After(forwarder, name) };
            return new Reply(Disposition.Forward, 0, Request: request);
        }

        if (aliases.Count > 0)
        {
            return Reply.Sent(ref reply, ResponseCode.ServFail, DnsHeader.AA);
        }

        if (asked.Site.Plan.TellsClients)
        {
            SelfAnswers.WriteClient(ref reply, asked);
            return Reply.Sent(ref reply, ResponseCode.NoError, DnsHeader.AA);
        }

        return Reply.Sent(ref reply, ResponseCode.Refused, 0);
    }
}
