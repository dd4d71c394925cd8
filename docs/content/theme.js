// The theme: light, dark, or auto, which follows the system. This script runs in the head, before anything is drawn.
(() => {
    // The pictures follow the system by a media query, which a chosen theme replaces.
    const media = { auto: "(prefers-color-scheme: dark)", dark: "all", light: "not all" };
    const key = "gmm-theme";

    const stored = () => {
        try {
            const theme = localStorage.getItem(key);
            return Object.hasOwn(media, theme) ? theme : "auto";
        } catch { return "auto"; }
    };

    const queries = [];

    function apply(theme) {
        document.documentElement.toggleAttribute("data-theme", false);
        if (theme !== "auto") document.documentElement.setAttribute("data-theme", theme);
        for (const rule of queries) rule.media.mediaText = media[theme];
    }

    apply(stored());

    addEventListener("DOMContentLoaded", () => {
        for (const style of document.querySelectorAll("svg style"))
            for (const rule of style.sheet.cssRules)
                if (rule instanceof CSSMediaRule && rule.conditionText.includes("prefers-color-scheme")) queries.push(rule);

        const choice = document.getElementById("theme");
        choice.value = stored();
        apply(choice.value);

        choice.addEventListener("change", () => {
            apply(choice.value);
            try { localStorage.setItem(key, choice.value); } catch { /* The choice lasts as long as the page. */ }
        });
    });
})();
