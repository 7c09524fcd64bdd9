// Runtime.Version of the JDK (JEP 223), without builds, and without the versions before it (1.8.0).
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;

class Order {
    public static void main(String[] arguments) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line; (line = lines.readLine()) != null; ) {
            String[] pair = line.split("\t", -1);
            try {
                int order = version(pair[0]).compareToIgnoreOptional(version(pair[1]));
                out.println("<=>".charAt(Integer.signum(order) + 1));
            } catch (IllegalArgumentException error) {
                out.println("!");
            }
        }
        out.flush();
    }

    private static Runtime.Version version(String text) {
        Runtime.Version known = Runtime.Version.parse(text);
        if (text.startsWith("1.")) throw new IllegalArgumentException(text);
        String pre = known.pre().map(each -> "-" + each).orElse("");
        String numbers = known.version().stream().map(String::valueOf).collect(Collectors.joining("."));
        return Runtime.Version.parse(numbers + pre);
    }
}
