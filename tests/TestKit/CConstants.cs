using System.Globalization;
using System.Reflection;
using System.Text;

namespace Dataplane.TestKit;

/// <summary>The values that C headers give to names: the authority for constants that carry their C names.</summary>
public static class CConstants
{
    /// <summary>Integer constants of a class by name, whatever their visibility; one with a lower-case letter is no C name.</summary>
    public static SortedDictionary<string, long> Of(Type type)
    {
        const BindingFlags all = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;
        var constants = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var field in type.GetFields(all).Where(field => field.IsLiteral && field.FieldType.IsPrimitive && !field.Name.Any(char.IsLower)))
        {
            constants.Add(field.Name, Convert.ToInt64(field.GetRawConstantValue(), CultureInfo.InvariantCulture));
        }

        return constants;
    }

    /// <summary>Compiles and runs a C program that prints the names. Skips the test without gcc; a name that no header knows is an error.</summary>
    /// <param name="headers">As they stand between angle brackets, in order.</param>
    /// <param name="names">Macros or enumerators.</param>
    public static async Task<SortedDictionary<string, long>> ReadAsync(IEnumerable<string> headers, IEnumerable<string> names)
    {
        var source = new StringBuilder("#define _GNU_SOURCE\n#include <stdio.h>\n");
        foreach (var header in headers)
        {
            Tools.RequireHeader(header);
            source.Append(CultureInfo.InvariantCulture, $"#include <{header}>\n");
        }

        source.Append("int main(void) {\n");
        foreach (var name in names)
        {
            source.Append(CultureInfo.InvariantCulture, $"  printf(\"{name} %lld\\n\", (long long)({name}));\n");
        }

        source.Append("  return 0;\n}\n");
        var program = Path.Combine(Path.GetTempPath(), $"dp-t-{Guid.NewGuid():N}");
        try
        {
            (await Tools.RunAsync(null, "gcc", ["-x", "c", "-o", program, "-"], source.ToString())).OutputOrThrow();
            var output = (await Tools.RunAsync(null, program, [])).OutputOrThrow();
            return new SortedDictionary<string, long>(
                output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                    .Select(line => line.Split(' '))
                    .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture)),
                StringComparer.Ordinal);
        }
        finally
        {
            File.Delete(program);
        }
    }
}
