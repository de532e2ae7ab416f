"""SIP trunks: their settings, their sections of pjsip.conf, and the choice among them."""
